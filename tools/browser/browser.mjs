// One Chromium for all pages, cut off from every network.

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

// `require` honours NODE_PATH, which `import` does not: the packages lie in a cache folder.
const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");

/** The file to load into a page for axe-core. */
export const AXE = require.resolve("axe-core/axe.min.js");

const ARGUMENTS = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
  // No name resolves, so that a request that slipped past the tests could not leave the machine.
  "--host-resolver-rules=MAP * ~NOTFOUND",
];

/** Starts Chromium with an empty profile. `close()` of the answer ends it and deletes the profile. */
export async function start() {
  const profile = mkdtempSync(join(tmpdir(), "edgebench-browser-"));
  const browser = await chromium.launch({
    executablePath: process.env.EDGEBENCH_CHROMIUM ?? "/usr/bin/chromium",
    // Chromium's sandbox does not start for root.
    chromiumSandbox: process.getuid?.() !== 0,
    env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
    args: ARGUMENTS,
  });
  return {
    browser,
    async close() {
      await browser.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
