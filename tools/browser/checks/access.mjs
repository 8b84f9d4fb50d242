// axe-core's rules: WCAG 2.x A and AA, and best practice.

import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";

import { AXE } from "../browser.mjs";

const SOURCE = readFileSync(AXE, "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** No violation in light and in dark, with everything that folds unfolded. */
export async function isAccessible(page) {
  // Not as a script element: the page's policy forbids those.
  await page.evaluate(SOURCE);
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    const found = await page.evaluate(
      (tags) => globalThis.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }),
      TAGS,
    );
    assert.ok(found.passes.length > 10, "axe-core found something to judge");
    const told = found.violations.map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" · ")}`,
    );
    assert.deepEqual(told, [], `in ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}
