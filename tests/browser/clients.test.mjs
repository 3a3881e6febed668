// connect-es and Google's grpc-web in a page of another site, in Chromium, straight and through nginx.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { launch, open } from "./chromium.mjs";
import { Laurels } from "./laurels.mjs";
import { roads } from "./roads.mjs";
import { Site } from "./site.mjs";
import { HANGS_MS } from "./waiting.mjs";

const INVALID_ARGUMENT = 3;

const clients = {
  "connect-es, Connect by JSON": { streams: false },
  "connect-es, Connect by protobuf": { streams: false },
  "connect-es, gRPC-Web": { streams: true },
  // Streams of it are in base 64 only, since XMLHttpRequest shows bytes at the end and text as it comes.
  "grpc-web, binary": { streams: false },
  "grpc-web, base 64": { streams: true },
};

for (const [way, { scheme, build }] of Object.entries(roads)) {
  describe(way, { timeout: HANGS_MS }, () => {
    let browser, site, laurels, road, page;
    before(async () => {
      [browser, site] = await Promise.all([launch(), Site.start(scheme)]);
      laurels = await Laurels.start("--allow-origin", site.origin);
      road = await build(laurels);
      page = await open(browser, site.origin);
    });
    after(async () => {
      await browser.close();
      await road.stop();
      await laurels.stop();
      site.stop();
    });

    /** Calls a function of pages/clients.js in the page. */
    const inPage = (name, ...args) =>
      page.evaluate(async (name, ...args) => (await import("/pages/clients.js"))[name](...args), name, road.url, ...args);

    for (const [client, { streams }] of Object.entries(clients)) {
      const user = client.replaceAll(/\W+/g, "-");

      test(`${client}: records, and reads what was earned`, async () => {
        assert.deepEqual(await inPage("record", client, user), ["Framed: p1", true, ["p1"]]);
      });

      test(`${client}: a mistake is told`, async () => {
        assert.deepEqual(await inPage("mistake", client), {
          code: INVALID_ARGUMENT,
          message: "event.user must be set, to 1 to 128 bytes",
        });
      });

      if (!streams) continue;
      test(`${client}: an award is heard of while the stream goes on`, async () => {
        assert.equal(await inPage("listen", client, user), "Framed: p2");
      });
    }
  });
}
