// What a page does to listen without any library.

/** The keys of the awards that an EventSource has heard of, how often one was made, and whether it is lost now. */
export const told = { keys: [], opened: 0, lost: false };

/** Listens from the beginning, as docs/http.md shows it. */
export function listen(address, options) {
  let last;
  const open = () => {
    const from = last ? `after=${encodeURIComponent(last)}` : "from_beginning=true";
    const source = new EventSource(`${address}&${from}`, options);
    told.opened++;
    source.addEventListener("award", (event) => {
      last = event.lastEventId;
      told.keys.push(JSON.parse(event.data).award.key);
    });
    source.onerror = () => {
      // The browser connects again by itself after a lost connection, and not after an answer such as 401 or 502.
      told.lost = true;
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 500);
    };
    source.onopen = () => (told.lost = false);
  };
  open();
}

/** The first award of a stream by `fetch`, as docs/keys.md shows it; or the status of the answer. */
export async function firstByFetch(address, token) {
  const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) return answer.status;
  let text = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const data = /^data: (.*)\n/m.exec(text);
    if (data) return JSON.parse(data[1]).award.key;
  }
}

/** The status of a call, or the name of the error where the browser lets the page see nothing. */
export async function status(address, message, options = {}) {
  const headers = { "content-type": "application/json" };
  const call = { method: "POST", headers, body: JSON.stringify(message), ...options };
  return fetch(address, call).then((answer) => answer.status, (error) => error.name);
}
