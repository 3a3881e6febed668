// clients/browser/notifications.js by itself, in a page of another site: tokens, silence, places that are no more.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, describe, test } from "node:test";

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
      laurels = await Laurels.startWithKeys("--allow-origin", site.origin, "--limits-streams-per-user", "1");
      road = await build(laurels);
    });
    after(async () => {
      await browser.close();
      await road.stop();
      await laurels.stop();
      site.stop();
    });

    /** A page of a browser of its own, until the test ends. */
    const visit = async () => {
      visitors.push(await browser.createBrowserContext());
      return open(visitors.at(-1), site.origin);
    };
    const visitors = [];
    afterEach(() => Promise.all(visitors.splice(0).map((visitor) => visitor.close())));

    /** A page that listens with these options, and keeps what it hears. */
    const listen = async (options) => {
      const page = await visit();
      await page.evaluate(
        async (options) => {
          const { listen } = await import("/clients/browser/notifications.js");
          const renew = async () => (await (await fetch("/token")).json()).token;
          const end = new AbortController();
          Object.assign(window, { heard: [], end: () => end.abort() });
          const listening = listen({ renew, signal: end.signal, ...options }, ({ award }) => heard.push(award.key));
          listening.catch((failure) => (window.ended = failure.name));
        },
        { server: road.url, ...options },
      );
      return page;
    };
    const hears = async (page, keys) => {
      await eventually(`hears ${keys}`, async () => (await page.evaluate(() => heard)).length >= keys.length);
      assert.deepEqual(await page.evaluate(() => heard), keys);
    };
    const isLive = (page) =>
      eventually("it has the lock", () => page.evaluate(async () => (await navigator.locks.query()).held.length === 1));
    /** Waits until the server has no stream of the user, who may have one. */
    const isFree = (user) =>
      eventually("the stream has ended", async () => {
        const headers = { authorization: `Bearer ${laurels.token(user)}` };
        const end = new AbortController();
        const stream = await fetch(`${laurels.url}/v1/notifications?user=${user}`, { headers, signal: end.signal });
        end.abort();
        return stream.status === 200;
      });

    test("another token is got when the server does not take the old one any more", async () => {
      site.token = () => laurels.token("ann");
      const page = await listen({ user: "ann", token: laurels.token("ann", -60) });
      await isLive(page);
      await laurels.record("ann", "p1");
      await hears(page, ["p1"]);
    });

    // By HTTP/2 all streams have one connection, of which Chromium itself finds out, after a while, that it is dead.
    if (scheme === "http") {
      test("a server that is silent is lost, and another connection goes on", async () => {
        const page = await listen({ user: "ben", token: laurels.token("ben"), heartbeat: 1 });
        await isLive(page);
        road.gate.hold();
        await laurels.record("ben", "p1");
        await hears(page, ["p1"]);
      });
    }

    test("after a place that is no more, it goes on with the oldest that there is", async () => {
      await laurels.record("cleo", "p1");
      // The form is right; the timeline is that of another store.
      const page = await listen({ user: "cleo", token: laurels.token("cleo"), after: "0000000000000001-1-0" });
      await hears(page, ["p1"]);
    });

    test("the script of README.md tells of what its reader earns", async () => {
      const [, script] = /```js\n(.*?)```/s.exec(readFileSync("clients/browser/README.md", "utf8"));
      site.scripts["/clients/browser/toasts.js"] = script;
      site.token = () => laurels.token("eve");
      const page = await visit();
      const says = new Promise((resolve) => page.on("console", (said) => said.type() === "log" && resolve(said.text())));
      const dataset = { server: road.url, user: "eve", token: laurels.token("eve", -60), after: "" };
      await page.evaluate(async (dataset) => {
        Object.assign(document.body.dataset, dataset);
        await import("/clients/browser/toasts.js");
      }, dataset);
      await isLive(page);
      await laurels.record("eve", "p1");
      assert.equal(await says, "You earned “Framed: p1”");
    });

    test("who stops listening has no stream any more", async () => {
      const page = await listen({ user: "dora", token: laurels.token("dora") });
      await isLive(page);
      await page.evaluate(() => end());
      await eventually("it has ended", () => page.evaluate(() => window.ended === "AbortError"));
      await isFree("dora");
    });
  });
}
