// Opening a page, and noticing everything that it does beyond being read.

import { strict as assert } from "node:assert";
import { pathToFileURL } from "node:url";

/**
 * Opens a file in a context of its own; `visit` goes on to another. `context` are Playwright's options of the context.
 *
 * What a page says, asks for or does unasked is collected in `noise`: messages of level warning or error, uncaught
 * errors, dialogs, windows, and requests other than for the file itself.
 */
export async function open(browser, file, context = {}) {
  let url;
  const noise = [];
  const own = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...context });
  await own.route("**", (route) => (route.request().url() === url ? route.continue() : route.abort()));
  own.on("request", (request) => {
    if (request.url() !== url) {
      noise.push(`request: ${request.url()}`);
    }
  });
  own.on("weberror", (error) => noise.push(`error: ${error.error()}`));
  own.on("dialog", (dialog) => {
    noise.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  own.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      noise.push(`console: ${message.text()}`);
    }
  });
  const page = await own.newPage();
  own.on("page", (other) => noise.push(`window: ${other.url()}`));
  await page.addInitScript(() => {
    globalThis.violations = [];
    addEventListener("securitypolicyviolation", (event) => {
      globalThis.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
    });
  });
  const visit = (next) => {
    url = pathToFileURL(next).href;
    return page.goto(url);
  };
  await visit(file);
  return { page, noise, visit, close: () => own.close() };
}

/** Fails where an opened page was not quiet, or went against its own Content-Security-Policy. */
export async function isQuiet({ page, noise }) {
  const violations = await page.evaluate(() => globalThis.violations ?? []);
  assert.deepEqual([...noise, ...violations.map((text) => `policy: ${text}`)], []);
}

/** Times of the page's first paint in milliseconds since navigation began. */
export function paints(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        new PerformanceObserver((list, observer) => {
          const first = list.getEntriesByName("first-contentful-paint")[0];
          if (first) {
            observer.disconnect();
            const [navigation] = performance.getEntriesByType("navigation");
            resolve({ firstPaint: first.startTime, loaded: navigation.loadEventEnd });
          }
        }).observe({ type: "paint", buffered: true });
      }),
  );
}
