// Live notifications in a page: one stream for all tabs of a browser.
//
//     listen({ server, user, after, token }, ({ award }) => { if (award) toast(`You earned “${award.title}”`); });
//
// HTTP/1.1 gives a browser six connections to a host, and a stream holds one for as long as it lasts. So one tab reads
// the stream and tells the others, over a BroadcastChannel: the one that holds the lock. When it closes, the browser
// gives the lock to another, which goes on after the last cursor that it was told.
//
// `fetch` rather than EventSource, since that can send no header, and a token in an address ends up in logs.

/**
 * Calls `hear` in every tab with every notification of a user, once and in order. It ends by `signal` only; a server that
 * is away is asked again and again.
 *
 * @param {object} options
 * @param {string} options.server where Laurels is, such as "https://laurels.example"
 * @param {string} options.user whose notifications
 * @param {string} [options.after] the cursor of what the page shows already: what came since comes first
 * @param {string} [options.token] a browser token, where the server has keys
 * @param {() => Promise<string>} [options.renew] gets another token, when the server does not take this one any more
 * @param {number} [options.heartbeat] how often the server shows that it is alive, in seconds; without three, it is lost
 * @param {AbortSignal} [options.signal] ends it
 * @param {(notification: object) => void} hear an award or a revocation, as the message Notification in JSON
 */
export async function listen(options, hear) {
  const { server, user, signal } = options;
  const source = { heartbeat: 15, ...options };
  const heard = new Set();
  const take = ({ id, data }) => {
    source.after = id;
    if (!data || heard.has(id)) return;
    heard.add(id);
    hear(JSON.parse(data));
  };
  // Without HTTPS, and not on this machine, there are no locks: each tab has a stream of its own.
  if (!navigator.locks) return read(source, take);

  const name = `laurels ${server} ${user}`;
  const channel = new BroadcastChannel(name);
  try {
    // The others may have been told of what came since this page was made, so it asks for that itself, and once.
    const early = [];
    channel.onmessage = ({ data }) => early.push(data);
    await read(source, take, (event) => event.comment === "heartbeat, live");
    early.forEach(take);
    channel.onmessage = ({ data }) => take(data);
    const tell = (event) => {
      channel.postMessage(event);
      take(event);
    };
    await navigator.locks.request(name, { signal }, () => read(source, tell));
  } finally {
    channel.close();
  }
}

/** Reads the stream, and connects again whenever it ends, until there was an event that is enough. */
async function read(source, take, isEnough = () => false) {
  for (let failures = 0; ; failures++) {
    try {
      for await (const event of connect(source)) {
        failures = 0;
        take(event);
        if (isEnough(event)) return;
      }
    } catch (failure) {
      source.signal?.throwIfAborted();
      console.warn(failure);
    }
    // Half random, so that all browsers do not come back at once.
    const wait = Math.min(30_000, 1000 * 2 ** failures);
    await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random() / 2)));
  }
}

/** The events of one connection: `id` is the cursor, `data` the notification; a heartbeat has a `comment` instead. */
async function* connect(source) {
  const address = new URL("/v1/notifications", source.server);
  address.searchParams.set("user", source.user);
  address.searchParams.set("heartbeat_interval", `${source.heartbeat}s`);
  if (source.after) address.searchParams.set("after", source.after);
  const headers = source.token ? { authorization: `Bearer ${source.token}` } : {};
  // A laptop that was closed has connections that nobody ends.
  const lost = new AbortController();
  const signal = AbortSignal.any([lost.signal, source.signal].filter(Boolean));
  let silence;
  const mustSpeak = () => {
    clearTimeout(silence);
    silence = setTimeout(() => lost.abort(new Error("the server is silent")), 3000 * source.heartbeat);
  };
  try {
    mustSpeak();
    const answer = await fetch(address, { headers, signal });
    if (!answer.ok) return await refused(source, answer);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      mustSpeak();
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop(); // the last is not whole yet
      // What has no cursor is no notification: how long to wait, or why the stream ends.
      yield* blocks.map(parse).filter(({ id }) => id);
    }
  } finally {
    clearTimeout(silence);
    lost.abort();
  }
}

/** Lines such as "id: …", "data: …" and ": comment". */
function parse(block) {
  const event = {};
  for (const line of block.split("\n")) {
    const [, name, value] = /^(\w*): ?(.*)$/.exec(line) ?? [];
    event[name || "comment"] = value;
  }
  return event;
}

/** Takes from an error what helps at the next attempt. */
async function refused(source, answer) {
  if (answer.status === 401 && source.renew) {
    source.token = await source.renew();
    return;
  }
  const { message, details = [] } = await answer.json();
  // A server that was restored from a backup, or keeps no more of the past, says from where it can go on.
  const oldest = details.map(({ debug }) => debug?.metadata?.oldest).find(Boolean);
  source.after = oldest ?? source.after;
  throw new Error(message);
}
