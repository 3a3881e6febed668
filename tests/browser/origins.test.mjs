// Who may call from a page, as Chromium sees it: sites of the list and no others, and readers with a token of their own.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";

import { launch, open } from "./chromium.mjs";
import { Laurels } from "./laurels.mjs";
import { roads } from "./roads.mjs";
import { Site } from "./site.mjs";
import { HANGS_MS, eventually } from "./waiting.mjs";

const SERVICE = "/laurels.v1.AchievementService";

for (const [way, { scheme, build }] of Object.entries(roads)) {
  describe(way, { timeout: HANGS_MS }, () => {
    let browser, site, laurels, road;
    before(async () => {
      [browser, site] = await Promise.all([launch(), Site.start(scheme)]);
      laurels = await Laurels.startWithKeys("--allow-origin", site.origin);
      road = await build(laurels);
      await laurels.record("ann", "p1");
    });
    after(async () => {
      await browser.close();
      await road.stop();
      await laurels.stop();
      site.stop();
    });

    /** A browser of its own until the test ends, at a page of this origin. */
    const visit = async (origin = site.origin) => {
      visitors.push(await browser.createBrowserContext());
      return open(visitors.at(-1), origin);
    };
    const visitors = [];
    afterEach(() => Promise.all(visitors.splice(0).map((visitor) => visitor.close())));
    const inPage = (page, name, ...args) =>
      page.evaluate(async (name, ...args) => (await import("/pages/listeners.js"))[name](...args), name, ...args);
    const notifications = (query = "") => `${road.url}/v1/notifications?user=ann${query}`;
    const told = (page) => page.evaluate(async () => (await import("/pages/listeners.js")).told);
    const listens = async (page, address, options) => {
      await inPage(page, "listen", address, options);
      return eventually("an award, or a refusal", async () => {
        const { keys, lost } = await told(page);
        return keys[0] ?? (lost && "refused");
      });
    };

    test("a page of the list may call, with a token in a header", async () => {
      const page = await visit();
      const headers = { "content-type": "application/json", authorization: `Bearer ${laurels.token("ann")}` };
      assert.equal(await inPage(page, "status", `${road.url}${SERVICE}/GetBadges`, { user: "ann" }, { headers }), 200);
      assert.equal(await inPage(page, "status", `${road.url}${SERVICE}/GetBadges`, { user: "ben" }, { headers }), 403);
      assert.equal(await inPage(page, "status", `${road.url}${SERVICE}/GetBadges`, { user: "ann" }), 401);
    });

    test("a page of another site sees nothing, although its reader has a token", async () => {
      const page = await visit(site.otherOrigin);
      const headers = { "content-type": "application/json", authorization: `Bearer ${laurels.token("ann")}` };
      const call = `${road.url}${SERVICE}/GetBadges`;
      assert.equal(await inPage(page, "status", call, { user: "ann" }, { headers }), "TypeError");
      const token = laurels.token("ann");
      assert.equal(await listens(page, notifications(`&access_token=${token}`)), "refused");
    });

    test("a page of another site makes nothing happen by what browsers send without asking", async () => {
      const open = await Laurels.start("--allow-origin", site.origin);
      const openRoad = await build(open);
      try {
        const page = await visit(site.otherOrigin);
        const event = { type: "photo.posted", user: "eve", subject: "p1" };
        const badges = { user: "eve" };
        for (const options of [{}, { headers: { "content-type": "text/plain" }, mode: "no-cors" }]) {
          await inPage(page, "status", `${openRoad.url}${SERVICE}/RecordEvent`, { event }, options);
        }
        const answer = await fetch(`${open.url}${SERVICE}/GetBadges`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(badges),
        });
        assert.deepEqual((await answer.json()).awards, []);
      } finally {
        await openRoad.stop();
        await open.stop();
      }
    });

    test("fetch reads a stream with its token in a header", async () => {
      const page = await visit();
      const address = notifications("&from_beginning=true");
      assert.equal(await inPage(page, "firstByFetch", address, laurels.token("ann")), "p1");
      assert.equal(await inPage(page, "firstByFetch", address, laurels.token("ben")), 403);
      assert.equal(await inPage(page, "firstByFetch", address, laurels.token("ann", -60)), 401);
    });

    test("an EventSource is let in by a cookie that no script can read", async () => {
      site.cookies = [`laurels_token=${laurels.token("ann")}; Secure; HttpOnly; SameSite=Strict`];
      const page = await visit();
      site.cookies = [];
      assert.equal(await page.evaluate(() => document.cookie), "");
      assert.equal(await listens(page, notifications(), { withCredentials: true }), "p1");
      // It is for this alone: what a cookie can do, any page that is let in can have done.
      const call = `${road.url}${SERVICE}/GetBadges`;
      assert.equal(await inPage(page, "status", call, { user: "ann" }, { credentials: "include" }), 401);
    });

    test("an EventSource is let in by a parameter that has minutes to live", async () => {
      assert.equal(await listens(await visit(), notifications(`&access_token=${laurels.token("ann", 120)}`)), "p1");
    });

    test("an EventSource is not let in without a token, with an old one, or with somebody else's", async () => {
      for (const token of ["", laurels.token("ann", -60), laurels.token("ben")]) {
        assert.equal(await listens(await visit(), notifications(`&access_token=${token}`)), "refused");
      }
    });
  });
}
