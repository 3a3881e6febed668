// The example site in eight tabs of one Chromium: one stream, told to all of them, whichever is closed.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { launch } from "./chromium.mjs";
import { Gate } from "./gate.mjs";
import { Laurels } from "./laurels.mjs";
import { PhpSite } from "./php-site.mjs";
import { HANGS_MS, eventually } from "./waiting.mjs";

const TABS = 8;
/** How many streams the server lets one user's browsers have. */
const STREAMS = 10;

describe("the example site", { timeout: HANGS_MS }, () => {
  let browser, laurels, gate, site;
  // The server has to know where the site is, and the site where the server is: the gate is there before both.
  before(async () => {
    [browser, gate] = await Promise.all([launch(), Gate.before()]);
    laurels = await Laurels.startWithKeys("--limits-streams-per-user", String(STREAMS));
    gate.target = { host: "127.0.0.1", port: laurels.port };
    site = await PhpSite.start(laurels, `http://127.0.0.1:${gate.port}`);
    laurels.args.push("--allow-origin", site.origin);
    await laurels.restart();
  });
  after(async () => {
    await browser.close();
    await site.stop();
    gate.stop();
    await laurels.stop();
  });

  /** A browser in which this user has come in. */
  const comeIn = async (user) => {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.goto(site.origin);
    await page.type("[name=user]", user);
    await Promise.all([page.waitForNavigation(), page.click("button")]);
    await page.close();
    return context;
  };

  /** A tab that keeps all toasts that it ever showed. */
  const openTab = async (context) => {
    const tab = await context.newPage();
    await tab.evaluateOnNewDocument(() => {
      window.toasts = [];
      const isToast = (node) => node.parentElement?.id === "toasts";
      const keep = ({ addedNodes }) => window.toasts.push(...[...addedNodes].filter(isToast).map((p) => p.textContent));
      new MutationObserver((changes) => changes.forEach(keep)).observe(document, { childList: true, subtree: true });
    });
    await tab.goto(site.origin);
    return tab;
  };

  /** Waits until so many tabs have asked for the lock, and one of them has it. */
  const settled = (tab, tabs) =>
    eventually(`${tabs} tabs are settled`, async () => {
      const { held, pending } = await tab.evaluate(() => navigator.locks.query());
      return held.length === 1 && pending.length === tabs - 1;
    });

  /** Waits until every tab has shown so many toasts; they are those, and in this order. */
  const allShow = async (tabs, titles) => {
    const toasts = titles.map((title) => `You earned “${title}”`);
    for (const tab of tabs) {
      await eventually("its toasts", async () => (await tab.evaluate(() => window.toasts)).length >= toasts.length);
      assert.deepEqual(await tab.evaluate(() => window.toasts), toasts);
    }
  };

  /** How many streams a user's browsers have open: the server says so, by how many more it takes. */
  const streams = async (user) => {
    const end = new AbortController();
    const headers = { authorization: `Bearer ${laurels.token(user)}` };
    try {
      for (let more = 0; ; more++) {
        const stream = await fetch(`${laurels.url}/v1/notifications?user=${user}`, { headers, signal: end.signal });
        if (stream.status === 429) return STREAMS - more;
      }
    } finally {
      end.abort();
    }
  };

  test("eight tabs share one stream; when the one that has it closes, another goes on, and nothing is lost", async () => {
    const context = await comeIn("ann");
    const tabs = [await openTab(context)];
    await settled(tabs[0], 1);
    while (tabs.length < TABS) tabs.push(await openTab(context));
    await settled(tabs[0], TABS);
    await eventually("one stream", async () => (await streams("ann")) === 1);

    const titles = [];
    const record = async () => {
      await laurels.record("ann", `p${titles.length}`);
      titles.push(`Framed: p${titles.length}`);
    };
    await record();
    await allShow(tabs, titles);
    // The first has the lock; then whoever got it from that one, and so on to the last.
    while (tabs.length > 1) {
      await Promise.all([record(), tabs.shift().close()]);
      await record();
      await allShow(tabs, titles);
    }
    await eventually("one stream", async () => (await streams("ann")) === 1);
    await context.close();
    await eventually("no stream", async () => (await streams("ann")) === 0);
  });

  test("who writes a post sees the badge on the page, and a toast in every other tab", async () => {
    const context = await comeIn("ben");
    const [writes, other] = [await openTab(context), await openTab(context)];
    await settled(other, 2);
    await writes.bringToFront();
    await Promise.all([writes.waitForNavigation(), writes.click("form[action='/posts'] button")]);
    await allShow([other], ["First post"]);
    assert.match(await writes.$eval("#badges", (list) => list.textContent), /First post/);
    // What the page shows already is no news to it.
    await settled(writes, 2);
    await laurels.record("ben", "p1");
    await allShow([writes], ["Framed: p1"]);
    await context.close();
  });

  test("a tab that joins late is told what came since its page was made", async () => {
    const context = await comeIn("cleo");
    const first = await openTab(context);
    await settled(first, 1);
    // Its script comes after the others were told.
    const late = await context.newPage();
    await late.setRequestInterception(true);
    const held = new Promise((hold) =>
      late.on("request", (request) => (request.url().endsWith("/live.js") ? hold(request) : request.continue())),
    );
    const loaded = late.goto(site.origin);
    const script = await held;
    await laurels.record("cleo", "p1");
    await allShow([first], ["Framed: p1"]);
    script.continue();
    await loaded;
    assert.equal(await late.$eval("#badges", (list) => list.textContent.trim()), "");
    await late.waitForFunction(() => document.getElementById("toasts").textContent === "You earned “Framed: p1”");
    await context.close();
  });

  test("lost connections and a restarted server are made good for all tabs", async () => {
    const context = await comeIn("dora");
    const tabs = [await openTab(context), await openTab(context), await openTab(context)];
    await settled(tabs[0], tabs.length);
    gate.cut();
    await laurels.record("dora", "p1");
    await allShow(tabs, ["Framed: p1"]);
    await laurels.record("dora", "p2");
    await laurels.restart("SIGKILL");
    await laurels.record("dora", "p3");
    await allShow(tabs, ["Framed: p1", "Framed: p2", "Framed: p3"]);
    await context.close();
  });
});
