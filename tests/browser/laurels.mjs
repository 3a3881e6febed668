// A real server with a store of its own, and what a site does with it.

import { execFile, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { cpSync, createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const PROGRAM = process.env.LAURELS_SERVER_BINARY;
const run = promisify(execFile);

export class Laurels {
  scratch = mkdtempSync(join(tmpdir(), "laurels-browser-"));
  listen = "127.0.0.1:0";

  /** One that listens, with these further arguments of `laurels serve`. */
  static async start(...args) {
    const server = new Laurels();
    cpSync("tests/browser/badges", join(server.scratch, "badges"), { recursive: true });
    server.args = args;
    await server.begin();
    return server;
  }

  /** One with keys: it records with one that may do what a site does. */
  static async startWithKeys(...args) {
    const server = await Laurels.start(...args);
    server.key = (await server.command("key", "create", "--json", "--scope", "record", "--scope", "read")).key;
    server.signing = await server.command("key", "create", "--json", "--signing");
    await server.restart();
    return server;
  }

  get port() {
    return Number(this.listen.split(":")[1]);
  }

  get url() {
    return `http://${this.listen}`;
  }

  /** Makes something happen that gives an award, `Framed: SUBJECT`. */
  async record(user, subject) {
    const event = { id: `${user}:${subject}`, type: "photo.posted", user, subject };
    const headers = { "content-type": "application/json" };
    if (this.key) headers.authorization = `Bearer ${this.key}`;
    const path = `${this.url}/laurels.v1.AchievementService/RecordEvent`;
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify({ event }) });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** What a site gives to a user's browser: good for so many seconds from now. */
  token(user, seconds = 600) {
    const part = (claims) => Buffer.from(JSON.stringify(claims)).toString("base64url");
    const exp = Math.floor(Date.now() / 1000) + seconds;
    const signed = `${part({ alg: "HS256", kid: this.signing.kid })}.${part({ sub: user, aud: "laurels", exp })}`;
    return `${signed}.${createHmac("sha256", this.signing.secret).update(signed).digest("base64url")}`;
  }

  /** What a command that answers in JSON says. */
  async command(...args) {
    const { stdout } = await run(PROGRAM, [...args, "--data", join(this.scratch, "data")]);
    return JSON.parse(stdout);
  }

  /** The same store on the same port. */
  async restart(signal = "SIGTERM") {
    await this.end(signal);
    await this.begin();
  }

  /** Lets it listen, where it did before. */
  async begin() {
    const data = ["--data", join(this.scratch, "data"), "--badges", join(this.scratch, "badges")];
    this.process = spawn(PROGRAM, ["serve", ...data, "--listen", this.listen, ...this.args], { cwd: this.scratch });
    this.process.stderr.pipe(createWriteStream(join(this.scratch, "log"), { flags: "a" }));
    for await (const line of createInterface(this.process.stdout)) {
      if (!line.startsWith("Laurels listens on ")) continue;
      this.listen = line.split(" ").at(-1);
      return;
    }
    throw new Error(`the server does not listen:\n${readFileSync(join(this.scratch, "log"))}`);
  }

  async end(signal = "SIGTERM") {
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }

  async stop() {
    await this.end();
    rmSync(this.scratch, { recursive: true });
  }
}
