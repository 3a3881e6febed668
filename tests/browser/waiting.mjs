// Waiting for what comes by itself.

/** Longer than anything takes that comes by itself, in milliseconds. */
export const PATIENCE = 60_000;
/** Longer than all tests of a `describe` together, also on a machine that is busy with others. */
export const HANGS_MS = 300_000;

/** Waits until a condition holds, which may be asynchronous; gives what it gave. */
export async function eventually(what, condition) {
  for (const until = Date.now() + PATIENCE; Date.now() < until; ) {
    const given = await condition();
    if (given) return given;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`this has not come about: ${what}`);
}
