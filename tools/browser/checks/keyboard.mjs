// Using a page without a mouse.

import { strict as assert } from "node:assert";

/** Tab reaches everything that can be used, in the order of the page, shows where it is, and comes out at the end. */
export async function reachesEverything(page) {
  const wanted = await page.evaluate(() => {
    const usable = "a[href], button:enabled, input:enabled, select:enabled, summary, [tabindex='0']";
    const all = [...document.querySelectorAll(usable)].filter((element) => element.checkVisibility());
    globalThis.order = all;
    globalThis.reached = new Set();
    // Tab goes on from where the focus was last: from the top.
    const top = document.createElement("span");
    top.tabIndex = -1;
    document.body.prepend(top);
    top.focus();
    top.remove();
    return all.map((element) => element.outerHTML.slice(0, 100));
  });
  let last = -1;
  // What scrolls can be focused too: hence more presses than elements.
  for (let press = 0; press < wanted.length * 2 + 10; press += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(focused);
    if (at.index === null) {
      break;
    }
    if (at.index >= 0) {
      if (at.again) {
        break;
      }
      assert.ok(at.index > last, `out of order: ${wanted[at.index]}`);
      last = at.index;
    }
    assert.ok(at.visible, `the focus cannot be seen on ${at.html}`);
  }
  const missed = await page.evaluate(() =>
    globalThis.order.flatMap((element, index) => (globalThis.reached.has(element) ? [] : [index])),
  );
  assert.deepEqual(missed.map((index) => wanted[index]), [], "Tab did not get there");
}

/** Where the focus is: its place in the order, whether it was there before, and whether it shows. In the page. */
function focused() {
  const element = document.activeElement;
  if (!element || element === document.body) {
    return { index: null };
  }
  const again = globalThis.reached.has(element);
  globalThis.reached.add(element);
  const style = getComputedStyle(element);
  const outlined = style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 1;
  const box = element.getBoundingClientRect();
  return {
    again,
    index: globalThis.order.indexOf(element),
    visible: outlined && box.width > 0 && box.height > 0,
    html: element.outerHTML.slice(0, 100),
  };
}
