// curl, for the protocols of the port, straight and through nginx. What it does by hand is in docs/http.md.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { Laurels } from "./laurels.mjs";
import { roads } from "./roads.mjs";
import { HANGS_MS } from "./waiting.mjs";

const run = promisify(execFile);
/** What curl ends with when its own time is over. */
const TIMED_OUT = 28;
const BADGES = "/laurels.v1.AchievementService/GetBadges";

for (const [way, { build }] of Object.entries(roads)) {
  describe(way, { timeout: HANGS_MS }, () => {
    let laurels, road;
    before(async () => {
      laurels = await Laurels.start();
      road = await build(laurels);
      await laurels.record("ann", "p1");
    });
    after(async () => {
      await road.stop();
      await laurels.stop();
    });

    const curl = async (path, ...options) => {
      const common = ["--silent", "--show-error", "--no-buffer", "--cacert", process.env.LAURELS_CERTIFICATE];
      return (await run("curl", [...common, ...options, `${road.url}${path}`], { encoding: "latin1" })).stdout;
    };
    const json = ["--header", "content-type: application/json"];

    for (const version of ["--http1.1", "--http2"]) {
      test(`JSON by ${version}`, async () => {
        const { awards } = JSON.parse(await curl(BADGES, version, ...json, "--data", '{"user":"ann"}'));
        assert.deepEqual(awards.map(({ key }) => key), ["p1"]);
        assert.equal(JSON.parse(await curl(BADGES, version, ...json, "--data", "{}")).code, "invalid_argument");
      });

      test(`gRPC-Web by ${version}`, async () => {
        const web = ["--header", "content-type: application/grpc-web-text"];
        const said = await curl(BADGES, version, ...web, "--data", Buffer.from("\0\0\0\0\x05\n\x03ann").toString("base64"));
        // Each frame is encoded by itself.
        const frames = said.match(/[^=]+=*/g).map((part) => Buffer.from(part, "base64").toString()).join("");
        assert.match(frames, /Framed: p1/);
        assert.match(frames, /grpc-status:0\r\n/);
      });

      test(`server-sent events by ${version}, as they come`, async () => {
        const path = "/v1/notifications?user=ann&from_beginning=true";
        const ended = await curl(path, version, "--max-time", "1.5").catch((error) => error);
        assert.equal(ended.code, TIMED_OUT);
        assert.match(ended.stdout, /\nid: \S+\nevent: award\ndata: \{.*"title":"Framed: p1".*\}\n\n/);
        assert.match(ended.stdout, /\n: heartbeat, live\nid: \S+\n\n/);
      });
    }

    test("health", async () => {
      assert.equal(await curl("/healthz"), "ok\n");
    });
  });
}
