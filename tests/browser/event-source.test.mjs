// The EventSource of Chromium: whatever happens to connections and servers, a page hears of every award, once.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { launch, open } from "./chromium.mjs";
import { Laurels } from "./laurels.mjs";
import { roads } from "./roads.mjs";
import { Site } from "./site.mjs";
import { HANGS_MS, eventually } from "./waiting.mjs";

for (const [way, { scheme, build }] of Object.entries(roads)) {
  describe(way, { timeout: HANGS_MS }, () => {
    let browser, site, laurels, road;
    before(async () => {
      [browser, site] = await Promise.all([launch(), Site.start(scheme)]);
      laurels = await Laurels.start("--allow-origin", site.origin);
      road = await build(laurels);
    });
    after(async () => {
      await browser.close();
      await road.stop();
      await laurels.stop();
      site.stop();
    });

    test("lost connections and restarted servers lose nothing and repeat nothing", async () => {
      const page = await open(browser, site.origin);
      const address = `${road.url}/v1/notifications?user=ann`;
      await page.evaluate(async (address) => (await import("/pages/listeners.js")).listen(address), address);
      const told = () => page.evaluate(async () => (await import("/pages/listeners.js")).told);
      const recorded = [];
      const record = async (count) => {
        for (let one = 0; one < count; one++) {
          recorded.push(`p${recorded.length}`);
          await laurels.record("ann", recorded.at(-1));
        }
      };
      const allAreHeard = async () => {
        await eventually(`${recorded.length} awards`, async () => (await told()).keys.length >= recorded.length);
        assert.deepEqual((await told()).keys, recorded);
      };

      await record(2);
      await allAreHeard();
      for (let cut = 0; cut < 2; cut++) {
        await record(2);
        road.gate.cut();
        await record(2);
        await allAreHeard();
      }
      for (const signal of ["SIGTERM", "SIGKILL"]) {
        await record(2);
        await laurels.restart(signal);
        await record(2);
        await allAreHeard();
      }
      // A server that is away for longer than the browser waits.
      await laurels.end();
      await eventually("the browser has asked in vain", async () => (await told()).lost);
      await laurels.begin();
      await record(2);
      await allAreHeard();

      // Straight, the browser does all of it by itself; a proxy that answers instead has the page begin again.
      if (way === "straight") assert.equal((await told()).opened, 1);
    });
  });
}
