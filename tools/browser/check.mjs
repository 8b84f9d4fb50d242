// The HTML reports in Chromium: `node tools/browser/check.mjs PAGES`.
//
// PAGES holds `run/` (the report of one record), `profile/` (a profile's page), `site/` (of several devices), `hostile/` (of records whose every string
// is a payload) and `harmless/` (of such records without a payload). Each check is tried on a page that was broken on
// purpose too: see `broken.mjs`.

import { strict as assert } from "node:assert";
import { readdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { after, before, describe, test } from "node:test";

import { BROKEN } from "./broken.mjs";
import { start } from "./browser.mjs";
import { isAccessible } from "./checks/access.mjs";
import { followsTheSystem, hasAThemeButton, standsForcedColours } from "./checks/colour.mjs";
import { reachesEverything } from "./checks/keyboard.mjs";
import { fits, needsNoScript, prints } from "./checks/layout.mjs";
import { linksWithin, stopsInjected } from "./checks/policy.mjs";
import { skeleton } from "./checks/skeleton.mjs";
import { filtersByFacet, filtersByText, sortsByClick, sortsByKeyboard } from "./checks/table.mjs";
import { isQuiet, open, paints } from "./page.mjs";

/** How many pages are open at once. */
const PAGES = 4;
const KINDS = ["runs", "tasks", "devices", "cells"];

const folder = resolve(process.argv[2] ?? "");
const run = join(folder, "run/index.html");
const profile = join(folder, "profile/profile.html");
const site = join(folder, "site");
const hostile = join(folder, "hostile");
const harmless = join(folder, "harmless");

let chromium;
before(async () => {
  chromium = await start();
});
after(() => chromium?.close());

/** Opens a page, lets a check look at it, and fails where the page was not quiet meanwhile. */
async function checked(file, check, context) {
  const opened = await open(chromium.browser, file, context);
  try {
    await check(opened.page);
    await isQuiet(opened);
  } finally {
    await opened.close();
  }
}

/** The pages of a kind in a site. */
function pagesOf(root, kind) {
  const pages = readdirSync(join(root, kind)).filter((name) => name.endsWith(".html")).toSorted();
  assert.notEqual(pages.length, 0, `${root} has no ${kind}`);
  return pages.map((name) => join(root, kind, name));
}

describe("a profile's page", { concurrency: PAGES }, () => {
  // The checks look at all rows of all tables, and those of single operators are folded away.
  const unfolded = (check) => async (page) => {
    await page.evaluate(() => document.querySelectorAll("details").forEach((part) => (part.open = true)));
    await check(page);
  };
  const CHECKS = {
    "sorts by click": unfolded(sortsByClick),
    "filters by text": unfolded(filtersByText),
    "is used by keyboard": reachesEverything,
    "follows the system's theme": followsTheSystem,
    "stands forced colours": standsForcedColours,
    "prints": prints,
    "fits phone and desktop": fits,
    "is accessible": isAccessible,
    "links within its folder": (page) => linksWithin(page, join(folder, "profile")),
  };
  for (const [name, check] of Object.entries(CHECKS)) {
    test(name, () => checked(profile, check));
  }
  test("needs no script", () => checked(profile, unfolded(needsNoScript), { javaScriptEnabled: false }));
});

describe("a run's page", { concurrency: PAGES }, () => {
  const CHECKS = {
    "sorts by click": sortsByClick,
    "sorts by keyboard": sortsByKeyboard,
    "filters by text": filtersByText,
    "filters by facet": filtersByFacet,
    "is used by keyboard": reachesEverything,
    "follows the system's theme": followsTheSystem,
    "has a theme button": hasAThemeButton,
    "stands forced colours": standsForcedColours,
    "prints": prints,
    "fits phone and desktop": fits,
    "is accessible": isAccessible,
    "links within its folder": (page) => linksWithin(page, join(folder, "run")),
  };
  for (const [name, check] of Object.entries(CHECKS)) {
    test(name, () => checked(run, check));
  }
  test("needs no script", () => checked(run, needsNoScript, { javaScriptEnabled: false }));
  test("stops what is injected", async () => {
    const opened = await open(chromium.browser, run);
    await stopsInjected(opened.page);
    // The policy said so too: this is how the other checks would notice.
    await assert.rejects(isQuiet(opened));
    await opened.close();
  });
});

describe("a site of several devices", { concurrency: PAGES }, () => {
  const first = (kind) => (kind === "index" ? join(site, "index.html") : pagesOf(site, kind)[0]);
  for (const kind of ["index", ...KINDS.filter((kind) => kind !== "runs")]) {
    test(`${kind}: all that holds for a run's page`, () =>
      checked(first(kind), async (page) => {
        if (await page.locator("table.cells").count()) {
          await sortsByClick(page);
          await filtersByText(page);
          await filtersByFacet(page);
        }
        await followsTheSystem(page);
        await standsForcedColours(page);
        await reachesEverything(page);
        await fits(page);
        await isAccessible(page);
        await linksWithin(page, site);
        await prints(page);
      }));
  }
  test("every link of every page leads somewhere", async () => {
    for (const file of KINDS.flatMap((kind) => pagesOf(site, kind))) {
      await checked(file, (page) => linksWithin(page, site));
    }
  });
});

describe("records from strangers", { concurrency: PAGES }, () => {
  test("files have plain names", () => {
    for (const name of readdirSync(hostile, { recursive: true })) {
      assert.match(name, /^[a-z0-9/._-]+$/i, "a file's name");
      assert.doesNotMatch(name, /(^|\/)[.-]/, "a file's name");
    }
  });
  for (const kind of KINDS) {
    test(`${kind}: nothing runs, nothing leaves, nothing breaks`, async () => {
      const files = pagesOf(hostile, kind);
      const opened = await open(chromium.browser, files[0]);
      const usual = [];
      for (const file of pagesOf(harmless, kind)) {
        await opened.visit(file);
        usual.push(await skeleton(opened.page));
      }
      // The other width first the next time: one change of width a page.
      const widths = [390, 1280];
      for (const file of files) {
        await opened.visit(file);
        await isHarmless(opened, file, widths.reverse(), usual);
      }
      await opened.close();
    });
  }
  test("index: nothing runs, nothing leaves, nothing breaks", async () => {
    const file = join(hostile, "index.html");
    const opened = await open(chromium.browser, file);
    await isHarmless(opened, file, [390, 1280]);
    await opened.close();
  });
});

/** Judges an opened page of hostile records, whose elements must be `usual` where they can be foreseen. */
async function isHarmless(opened, file, widths, usual) {
  try {
    const found = await skeleton(opened.page);
    if (usual && !usual.includes(found)) {
      assert.deepEqual(found.split("\n"), usual[0].split("\n"), "other elements than with ordinary words");
    }
    await hasNotRun(opened, "when it was opened");
    await linksWithin(opened.page, hostile);
    await fits(opened.page, widths);
    await useEverything(opened.page);
    await hasNotRun(opened, "when it was used");
    await isQuiet(opened);
  } catch (error) {
    throw new Error(relative(hostile, file), { cause: error });
  }
}

async function hasNotRun({ page }, when) {
  assert.equal(await page.evaluate(() => globalThis.pwned), undefined, `a payload ran ${when}`);
}

/** Presses every button, unfolds everything, makes every choice and types each into the filter. */
function useEverything(page) {
  return page.evaluate(() => {
    const tell = (element, type) => element.dispatchEvent(new Event(type, { bubbles: true }));
    for (const details of document.querySelectorAll("details")) {
      details.open = true;
    }
    for (const choice of document.querySelectorAll("select")) {
      for (const option of choice.options) {
        choice.value = option.value;
        tell(choice, "input");
        tell(choice, "change");
        for (const filter of document.querySelectorAll("input.filter")) {
          filter.value = option.value;
          tell(filter, "input");
        }
      }
    }
    for (const button of document.querySelectorAll("button")) {
      button.click();
    }
    // The theme's button has been pressed once: two more bring it back, since the browser keeps it for the next page.
    document.getElementById("theme").click();
    document.getElementById("theme").click();
  });
}

describe("a check fails on a page that was broken on purpose", { concurrency: PAGES }, () => {
  test("an element or attribute more than a harmless record's", async () => {
    const opened = await open(chromium.browser, run);
    const whole = await skeleton(opened.page);
    await opened.page.evaluate(() => document.querySelector("td").setAttribute("onclick", ""));
    const attribute = await skeleton(opened.page);
    assert.notDeepEqual(attribute, whole);
    await opened.page.evaluate(() => document.querySelector("td").append(document.createElement("b")));
    assert.notDeepEqual(await skeleton(opened.page), attribute);
    await opened.close();
  });
  for (const [what, check, told, breakage, context] of BROKEN) {
    test(what, async () => {
      const opened = await open(chromium.browser, run, context);
      await opened.page.evaluate(breakage);
      await assert.rejects(async () => {
        await check(opened.page, join(folder, "run"));
        await isQuiet(opened);
      }, { name: "AssertionError", message: told });
      await opened.close();
    });
  }
});

test("first paint", async (t) => {
  for (const file of [run, join(site, "index.html")]) {
    const opened = await open(chromium.browser, file);
    const { firstPaint } = await paints(opened.page);
    const size = (statSync(file).size / 1e6).toFixed(2);
    t.diagnostic(`${relative(folder, file)}: ${size} MB, first paint after ${firstPaint.toFixed(0)} ms`);
    await opened.close();
  }
});
