// Shows a toast for everything that the user of this page earns, as it happens, also elsewhere.
//
// It listens to Laurels itself, with a token that the site minted, and not through a worker of the site. `fetch` rather
// than EventSource, since that can send no header, and a token in an address ends up in logs.

const { server, user } = document.body.dataset;
let { token, after } = document.body.dataset;

function toast(text) {
  const shown = document.createElement("p");
  shown.textContent = text;
  document.getElementById("toasts").append(shown);
  setTimeout(() => shown.remove(), 8000);
}

// One event of the stream: lines such as "id: …", "event: …", "data: …".
function hear(text) {
  const fields = {};
  for (const line of text.split("\n")) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name) fields[name] = value;
  }
  after = fields.id ?? after;
  if (fields.event === "award") toast(`You earned “${JSON.parse(fields.data).award.title}”`);
}

async function listen() {
  const address = new URL("/v1/notifications", server);
  address.searchParams.set("user", user);
  // What came since the page was made, or since the stream was lost, comes first.
  if (after) address.searchParams.set("after", after);
  const answer = await fetch(address, { headers: token ? { authorization: `Bearer ${token}` } : {} });
  if (answer.status === 401) {
    token = (await (await fetch("/token")).json()).token;
    return;
  }
  if (!answer.ok) throw new Error(`no notifications: HTTP ${answer.status}`);
  let rest = "";
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const events = (rest + part.value).split("\n\n");
    rest = events.pop();
    events.forEach(hear);
  }
}

for (let failures = 0; ; failures++) {
  try {
    await listen();
    failures = 0;
  } catch (failure) {
    console.warn(failure);
  }
  // Half random, so that all browsers do not come back at once.
  const wait = Math.min(30_000, 1000 * 2 ** Math.min(failures, 5));
  await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random() / 2)));
}
