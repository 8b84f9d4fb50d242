// The page on paper, on a phone, and without its script.

import { strict as assert } from "node:assert";

import { looks } from "./colour.mjs";
import { rows } from "./table.mjs";

/** Width in CSS pixels of what A4 on its side holds within margins of 12 mm, as the pages' style asks. */
export const PAPER = Math.floor(((297 - 2 * 12) / 25.4) * 96);

/** On paper are all rows and pictures, without what paper cannot do, dark on white whatever the theme. */
export async function prints(page) {
  await page.emulateMedia({ colorScheme: "dark" });
  const filter = page.locator("input.filter").first();
  if (await filter.count()) {
    await filter.fill("no cell has this");
  }
  await page.emulateMedia({ media: "print" });
  const unfit = await page.evaluate(() => {
    const shown = (selector) =>
      [...document.querySelectorAll(selector)]
        .filter((element) => element.checkVisibility({ visibilityProperty: true }))
        .map((element) => element.outerHTML.slice(0, 100));
    // Paper cannot be clicked: what folds is either unfolded or left out.
    const folded = [...document.querySelectorAll("details")].filter(
      (details) => details.checkVisibility() && !details.lastElementChild.checkVisibility(),
    );
    return {
      controls: shown("input, select, button#theme, output.shown"),
      folded: folded.map((details) => details.outerHTML.slice(0, 100)),
      missing: [...document.querySelectorAll("figure.chart svg")].filter(
        (svg) => !svg.closest("details") && !svg.checkVisibility(),
      ).length,
    };
  });
  assert.deepEqual(unfit, { controls: [], folded: [], missing: 0 }, "nothing to click, nothing missing");
  const printed = await rows(page);
  assert.deepEqual(printed.filter((row) => !row.shown && !row.folds), [], "rows that a filter hides are printed");
  await looks(page, false, "paper");
  await isNotWider(page, PAPER, "on paper");
  const pdf = await page.pdf({ preferCSSPageSize: true });
  assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
  await page.emulateMedia({ media: "screen", colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 900 });
}

/** Nothing of the page lies beyond the screen's edge: only what has a scroll bar of its own may be wider. */
export async function fits(page, widths = [320, 390, 1280]) {
  for (const width of widths) {
    await isNotWider(page, width, `at ${width} px`);
  }
}

async function isNotWider(page, width, where) {
  if (page.viewportSize().width !== width) {
    await page.setViewportSize({ width, height: 844 });
  }
  const over = await page.evaluate(() => {
    const edge = document.documentElement.clientWidth;
    const wide = document.documentElement.scrollWidth - edge;
    const culprits = [...document.body.querySelectorAll("*")]
      .filter((element) => wide > 0 && element.getBoundingClientRect().right > edge + 1)
      .map((element) => element.outerHTML.slice(0, 80));
    return wide > 0 ? { wide, culprits: culprits.slice(0, 5) } : undefined;
  });
  assert.equal(over, undefined, `${where}: ${JSON.stringify(over)}`);
}

/** Tables and pictures are there without the script, and nothing that would need it. */
export async function needsNoScript(page) {
  const found = await page.evaluate(() => {
    const seen = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
    const pictures = [...document.querySelectorAll("figure.chart svg")].filter((svg) => !svg.closest("details"));
    return {
      rows: seen("table.cells > tbody > tr").length === document.querySelectorAll("table.cells > tbody > tr").length,
      tables: seen("table").length > 0,
      controls: seen("input, select, button").length,
      pictures: pictures.every((svg) => svg.getBoundingClientRect().height > 50),
    };
  });
  assert.deepEqual(found, { rows: true, tables: true, controls: 0, pictures: true });
}
