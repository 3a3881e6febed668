// A door in the way of connections, which a test may shut: whatever comes is passed on, until it is cut or held.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Gate {
  #open = new Set();
  #server = createServer({ noDelay: true }, (caller) => this.#pass(caller));

  /** One before this target: `host` and `port`, or the `path` of a socket. It may be given later. */
  static async before(target) {
    const gate = new Gate();
    gate.target = target;
    gate.#server.listen(0, "127.0.0.1");
    await once(gate.#server, "listening");
    return gate;
  }

  get port() {
    return this.#server.address().port;
  }

  /** How many connections are open. */
  get count() {
    return this.#open.size;
  }

  /** Ends all connections as a network does that is gone: in the middle of whatever comes. */
  cut() {
    for (const { caller } of this.#open) caller.resetAndDestroy();
  }

  /** Passes nothing on any more of what comes over the connections there are, and leaves them open. */
  hold() {
    for (const { caller, served } of this.#open) served.unpipe(caller);
  }

  stop() {
    this.cut();
    this.#server.close();
  }

  #pass(caller) {
    const served = connect(this.target);
    const pair = { caller, served };
    this.#open.add(pair);
    const end = () => {
      this.#open.delete(pair);
      caller.destroy();
      served.destroy();
    };
    // The other end is told of an end by the socket that ends, so there is nothing to do about errors themselves.
    for (const socket of [caller, served]) socket.on("error", end).on("close", end);
    caller.pipe(served).pipe(caller);
  }
}
