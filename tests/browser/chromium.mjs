// The real browser, without a window.

import { puppeteer } from "./packages.mjs";

/** Ended by `close()`. Each context of it is a browser to itself: cookies, locks, connections. */
export function launch() {
  const args = ["--ignore-certificate-errors"];
  // Chromium's sandbox does not run as root.
  if (process.getuid() === 0) args.push("--no-sandbox");
  return puppeteer.launch({ executablePath: process.env.LAURELS_CHROMIUM, args });
}

/** A page of a site. */
export async function open(context, address) {
  const page = await context.newPage();
  await page.goto(address);
  return page;
}
