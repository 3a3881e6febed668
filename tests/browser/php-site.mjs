// The example site of clients/php, as its README.md starts it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const EXAMPLE = "clients/php/example";

export class PhpSite {
  /** One in front of a server with keys, which the browser meets at this address. */
  static async start(laurels, address) {
    const site = new PhpSite();
    const env = {
      ...process.env,
      LAURELS_AUTOLOAD: `${process.cwd()}/clients/php/tests/bootstrap.php`,
      LAURELS_SERVER: address,
      LAURELS_KEY: laurels.key,
      LAURELS_SIGNING_KEY: `${laurels.signing.kid}:${laurels.signing.secret}`,
    };
    const args = ["-S", "127.0.0.1:0", "-t", EXAMPLE, `${EXAMPLE}/index.php`];
    site.process = spawn("php8.2", args, { env, stdio: ["ignore", "ignore", "pipe"] });
    const said = [];
    for await (const line of createInterface(site.process.stderr)) {
      said.push(line);
      site.origin ??= /\((http:\/\/127\.0\.0\.1:\d+)\) started/.exec(line)?.[1];
      if (site.origin) break;
    }
    if (!site.origin) throw new Error(said.join("\n"));
    // It writes a line a request, which nobody reads.
    site.process.stderr.resume();
    return site;
  }

  async stop() {
    const ended = once(this.process, "exit");
    this.process.kill();
    await ended;
  }
}
