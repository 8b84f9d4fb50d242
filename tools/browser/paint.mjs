// How long pages take until something is on the screen: `node tools/browser/paint.mjs PAGE…`.

import { statSync } from "node:fs";
import { resolve } from "node:path";

import { start } from "./browser.mjs";
import { open, paints } from "./page.mjs";

const { browser, close } = await start();
try {
  for (const file of process.argv.slice(2)) {
    const opened = await open(browser, resolve(file));
    const { firstPaint, loaded } = await paints(opened.page);
    const size = (statSync(file).size / 1e6).toFixed(2);
    console.log(`${file}: ${size} MB, first paint after ${firstPaint.toFixed(0)} ms, loaded after ${loaded.toFixed(0)} ms`);
    await opened.close();
  }
} finally {
  await close();
}
