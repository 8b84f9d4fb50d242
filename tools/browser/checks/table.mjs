// Sorting and filtering the tables of cells.

import { strict as assert } from "node:assert";

const TABLES = "table.cells";

/** A click on a heading sorts by its column, one more the other way round; cells without a figure stay last. */
export async function sortsByClick(page) {
  await sorts(page, (button) => button.click());
}

/** So does Enter, and so does the space bar. */
export async function sortsByKeyboard(page) {
  let presses = 0;
  await sorts(page, (button) => button.press(presses++ % 2 === 0 ? "Enter" : "Space"));
}

async function sorts(page, activate) {
  const tables = await page.locator(TABLES).all();
  assert.notEqual(tables.length, 0, `no ${TABLES}`);
  for (const table of tables) {
    const headings = await table.locator("th[scope=col]:has(button)").all();
    assert.notEqual(headings.length, 0, "a table without a heading to sort by");
    for (const heading of headings) {
      const name = (await heading.innerText()).trim();
      const directions = [];
      for (let turn = 0; turn < 2; turn += 1) {
        await activate(heading.getByRole("button"));
        const direction = await heading.getAttribute("aria-sort");
        directions.push(direction);
        assert.equal(
          await table.locator("th[aria-sort=ascending], th[aria-sort=descending]").count(),
          1,
          `"${name}": sorted by one column at a time`,
        );
        inOrder(await column(table, heading), direction, name);
      }
      assert.deepEqual(directions.toSorted(), ["ascending", "descending"], `"${name}": both directions`);
    }
  }
}

/** What the rows say in the column of a heading, and whether their cell was measured. */
function column(table, heading) {
  return heading.evaluate((cell, body) => {
    const index = cell.cellIndex;
    return [...cell.closest("table").tBodies[0].rows].map((row) => ({
      out: row.classList.contains("out"),
      text: row.cells[index]?.innerText.trim() ?? "",
    }));
  });
}

function inOrder(rows, direction, name) {
  // 0 for a figure, 1 for a cell without one, 2 for a cell that was not measured.
  const places = rows.map((row) => (row.out ? 2 : ABSENT.test(row.text) ? 1 : 0));
  assert.deepEqual(places, places.toSorted(), `"${name}", ${direction}: what has no figure comes last`);
  const shown = rows.filter((_, index) => places[index] === 0).map((row) => row.text);
  const numbers = shown.map(quantity);
  const sign = direction === "ascending" ? 1 : -1;
  const numeric = numbers.length > 0 && numbers.every((number) => number !== undefined);
  for (let i = 1; i < shown.length; i += 1) {
    const difference = numeric ? numbers[i] - numbers[i - 1] : COLLATOR.compare(shown[i], shown[i - 1]);
    assert.ok(difference * sign >= 0, `"${name}", ${direction}: ${shown[i - 1]} before ${shown[i]}`);
  }
}

const ABSENT = /^(|[–—-])$/;
const COLLATOR = new Intl.Collator("en", { numeric: true });
const UNITS = {
  "": 1, ns: 1, "µs": 1e3, "μs": 1e3, ms: 1e6, s: 1e9, min: 6e10,
  B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30,
  "%": 1, pp: 1, "×": 1, "/s": 1, k: 1e3, M: 1e6, G: 1e9, nJ: 1, "µJ": 1e3, mJ: 1e6, J: 1e9,
};

/** The figure that a text begins with, after a sign of its own, in its base unit; `undefined` where there is none. */
function quantity(text) {
  const found = /^(?:[~≈<>≤≥]\s*)?([+−-]?)([\d,\u202f]*\.?\d+)(?:e([+−-]?\d+))?\s*([^\s\d[(±,;]*)/u.exec(text);
  if (!found) {
    return undefined;
  }
  const [, sign, digits, exponent = "0", unit] = found;
  const factor = UNITS[unit];
  if (factor === undefined) {
    return undefined;
  }
  const size = Number(digits.replaceAll(/[,\u202f]/g, "")) * 10 ** Number(exponent.replace("−", "-")) * factor;
  return sign === "-" || sign === "−" ? -size : size;
}

/** Typing words leaves the rows that have them all, Escape brings all back, and the live region counts along. */
export async function filtersByText(page) {
  for (const box of await boxes(page)) {
    const all = await rows(box);
    const values = new Set(all.flatMap((row) => Object.values(row.facets)));
    const filter = box.locator("input[type=search].filter");
    for (const value of values) {
      const words = value.toLowerCase().split(/\s+/);
      await filter.fill(value);
      const now = await rows(box);
      for (const row of now) {
        const text = row.text.toLowerCase();
        assert.equal(row.shown, words.every((word) => text.includes(word)), `"${value}": ${row.text}`);
      }
      await counts(box, now);
    }
    await filter.fill("no cell has this");
    assert.ok((await rows(box)).every((row) => !row.shown), "a word that no row has leaves none");
    await counts(box, await rows(box));
    await filter.press("Escape");
    assert.equal(await filter.inputValue(), "", "Escape empties the filter");
    assert.ok((await rows(box)).every((row) => row.shown), "Escape brings the rows back");
    await counts(box, all);
  }
}

/** Each choice of each facet leaves the rows that have it, and the first choice all. */
export async function filtersByFacet(page) {
  for (const box of await boxes(page)) {
    const all = await rows(box);
    for (const facet of await box.locator("select.facet").all()) {
      const name = await facet.getAttribute("data-facet");
      const values = await facet.locator("option").evaluateAll((options) => options.map((option) => option.value));
      assert.equal(values[0], "", `${name}: the first choice is all`);
      const had = [...new Set(all.map((row) => `=${row.facets[name]}`))].toSorted();
      assert.deepEqual(values.slice(1).toSorted(), had, `${name}: the choices are what the rows have`);
      for (const value of values) {
        await facet.selectOption(value);
        const now = await rows(box);
        for (const row of now) {
          assert.equal(row.shown, value === "" || `=${row.facets[name]}` === value, `${name} ${value}: ${row.text}`);
        }
        await counts(box, now);
      }
      await facet.selectOption("");
    }
  }
}

/** The tables of cells with their controls. */
async function boxes(page) {
  const found = await page.locator(`.sortable:has(${TABLES})`).all();
  assert.notEqual(found.length, 0, "no .sortable");
  return found;
}

async function counts(box, now) {
  const shown = now.filter((row) => row.shown).length;
  assert.match(
    await box.locator("output.shown").innerText(),
    new RegExp(`^${shown} of ${now.length} `),
    "the live region counts the rows",
  );
}

/** All rows of the tables of cells within a page or a part of one. */
export function rows(within) {
  return within.locator(`${TABLES} > tbody > tr`).evaluateAll((all) =>
    all.map((row) => ({
      facets: { ...row.dataset },
      text: row.textContent.replaceAll(/\s+/g, " ").trim(),
      shown: row.checkVisibility(),
      folds: row.closest("details") !== null,
    })),
  );
}
