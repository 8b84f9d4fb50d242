// Pictures of pages, for people to look at: `node tools/browser/shots.mjs OUT PAGE…`.
//
// Light and dark at the width of a phone and of a desktop, and print form at the width of the paper and as a PDF.
// A long page becomes several PNGs, each of which can be read without zooming.

import { mkdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { start } from "./browser.mjs";
import { PAPER } from "./checks/layout.mjs";

/** Height of one PNG in CSS pixels. */
const PART = 2000;

const FORMS = [
  { name: "light", colorScheme: "light", media: "screen", widths: [390, 1280] },
  { name: "dark", colorScheme: "dark", media: "screen", widths: [390, 1280] },
  { name: "print", colorScheme: "light", media: "print", widths: [PAPER] },
];

const [folder, ...pages] = process.argv.slice(2);
if (!folder || pages.length === 0) {
  console.error("usage: node tools/browser/shots.mjs OUT PAGE…");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const { browser, close } = await start();
try {
  for (const file of pages.map((page) => resolve(page))) {
    const name = `${basename(dirname(file))}-${basename(file, ".html")}`;
    for (const { name: form, widths, ...emulated } of FORMS) {
      for (const width of widths) {
        const page = await browser.newPage({ viewport: { width, height: PART } });
        await page.emulateMedia(emulated);
        await page.goto(pathToFileURL(file).href);
        await parts(page, width, join(folder, `${name}-${form}-${width}`));
        if (form === "print") {
          await page.pdf({ path: join(folder, `${name}.pdf`), preferCSSPageSize: true });
        }
        await page.close();
      }
    }
  }
} finally {
  await close();
}

async function parts(page, width, stem) {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  for (let top = 0, part = 1; top < height; top += PART, part += 1) {
    const path = `${stem}-${String(part).padStart(2, "0")}.png`;
    const clip = { x: 0, y: top, width, height: Math.min(PART, height - top) };
    await page.screenshot({ path, clip, fullPage: true });
    console.log(path);
  }
}
