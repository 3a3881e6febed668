// nginx before a server, as docs/http.md recommends it: the configuration is read from there.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { eventually } from "./waiting.mjs";

/** What the page shows as laurels.conf, with the places of this machine in it. */
function recommended(places) {
  const [, block] = /<!-- as laurels\.conf -->\n```nginx\n(.*?)```/s.exec(readFileSync("docs/http.md", "utf8"));
  return Object.entries(places).reduce((text, [there, here]) => {
    if (!text.includes(there)) throw new Error(`docs/http.md configures nginx without ${there}`);
    return text.replaceAll(there, here);
  }, block);
}

export class Nginx {
  scratch = mkdtempSync(join(tmpdir(), "laurels-nginx-"));
  socket = join(this.scratch, "socket");

  /** One that passes on to a port. It listens on `socket`, so that no port has to be guessed. */
  static async before(port) {
    const nginx = new Nginx();
    nginx.#configure(port);
    const args = ["-p", nginx.scratch, "-e", "stderr", "-c", join(nginx.scratch, "nginx.conf")];
    nginx.process = spawn("nginx", args, { stdio: ["ignore", "ignore", "inherit"] });
    await eventually("nginx listens", () => existsSync(nginx.socket));
    return nginx;
  }

  async stop() {
    const ended = once(this.process, "exit");
    this.process.kill();
    await ended;
    rmSync(this.scratch, { recursive: true });
  }

  #configure(port) {
    const site = recommended({
      "127.0.0.1:50051": `127.0.0.1:${port}`,
      "listen 443": `listen unix:${this.socket}`,
      "/etc/ssl/laurels.pem": process.env.LAURELS_CERTIFICATE,
      "/etc/ssl/laurels.key": process.env.LAURELS_CERTIFICATE_KEY,
    });
    writeFileSync(join(this.scratch, "laurels.conf"), site);
    const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    const main = [
      ...(process.getuid() === 0 ? ["user root;"] : []),
      "daemon off;",
      `pid ${this.scratch}/pid;`,
      "events {}",
      "http {",
      // What comes back after an upstream ended is the test's own doing.
      "  error_log stderr crit;",
      "  access_log off;",
      ...folders.map((name) => `  ${name}_temp_path ${this.scratch}/${name};`),
      `  include ${this.scratch}/laurels.conf;`,
      "}",
    ];
    writeFileSync(join(this.scratch, "nginx.conf"), main.join("\n"));
  }
}
