// What colours people really get.

import { strict as assert } from "node:assert";

/** Follows the system: light on light, dark on dark. */
export async function followsTheSystem(page) {
  for (const [colorScheme, isDark] of [["dark", true], ["light", false]]) {
    await page.emulateMedia({ colorScheme });
    await looks(page, isDark, `a system that is ${colorScheme}`);
  }
}

/** The button goes from the system's to light, to dark, and back, whatever the system has. */
export async function hasAThemeButton(page) {
  const button = page.locator("button#theme");
  for (const system of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: system });
    assert.equal(await theme(page), "auto", "a page begins with the system's theme");
    for (const [next, isDark] of [["light", false], ["dark", true], ["auto", system === "dark"]]) {
      await button.click();
      assert.equal(await theme(page), next);
      await looks(page, isDark, `${next} on a system that is ${system}`);
    }
  }
}

async function theme(page) {
  return page.evaluate(() => document.documentElement.dataset.theme ?? "auto");
}

/** Whether the page is dark or light, with every text readable. */
export async function looks(page, isDark, where) {
  const { ground, weak } = await page.evaluate(contrasts);
  assert.equal(ground < 0.5, isDark, `${where}: the ground has a lightness of ${ground.toFixed(2)}`);
  assert.deepEqual(weak, [], `${where}: too little contrast`);
}

/** Texts stay readable where the system imposes its colours. */
export async function standsForcedColours(page) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ forcedColors: "active", colorScheme });
    const { weak } = await page.evaluate(contrasts);
    assert.deepEqual(weak, [], `forced colours, ${colorScheme}`);
  }
  await page.emulateMedia({ forcedColors: "none" });
}

/**
 * Lightness of the page's ground (0 to 1), and the texts with a contrast under 4.5 against what is painted behind
 * them (<https://www.w3.org/TR/WCAG22/#contrast-minimum>), those in pictures included, which axe-core leaves out.
 * Runs in the page.
 */
function contrasts() {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  /** Any CSS colour as red, green, blue and opacity. */
  const known = new Map();
  const rgba = (colour) => {
    if (!known.has(colour)) {
      known.set(colour, painted(colour));
    }
    return known.get(colour);
  };
  const painted = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (top, bottom, opacity = 1) => {
    const alpha = top[3] * opacity;
    return [0, 1, 2].map((i) => top[i] * alpha + bottom[i] * (1 - alpha)).concat(1);
  };
  const lightness = ([red, green, blue]) => {
    const linear = [red, green, blue].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const contrast = (a, b) => {
    const [dark, light] = [lightness(a), lightness(b)].toSorted((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  const wantsDark = matchMedia("(prefers-color-scheme: dark)").matches && !matchMedia("print").matches;
  const isDark = scheme.includes("dark") && (wantsDark || !scheme.includes("light"));
  const sheet = isDark ? [18, 18, 18, 1] : [255, 255, 255, 1];

  const backdrop = (element) => {
    const behind = [];
    for (let at = element; at; at = at.parentElement) {
      behind.unshift(getComputedStyle(at).backgroundColor);
    }
    return behind.reduce((below, colour) => over(rgba(colour), below), sheet);
  };
  /** The shapes that are painted before a text and lie under its middle, from the bottom up. */
  const shapesUnder = (text) => {
    const box = text.getBoundingClientRect();
    const middle = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2);
    const all = [...text.ownerSVGElement.querySelectorAll("rect, circle, polygon, path")];
    return all.filter((shape) => {
      const before = shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING;
      return before && shape.isPointInFill(middle.matrixTransform(shape.getScreenCTM().inverse()));
    });
  };

  const weak = [];
  const judge = (text, front, back) => {
    const ratio = contrast(over(front, back), back);
    if (ratio < 4.5) {
      weak.push(`${ratio.toFixed(2)} of <${text.localName} class="${text.getAttribute("class")}"> ${text.textContent.trim().slice(0, 40)}`);
    }
  };
  for (const text of document.querySelectorAll("svg text, svg tspan")) {
    if (text.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && ownText(text)) {
      let back = backdrop(text.ownerSVGElement);
      for (const shape of shapesUnder(text)) {
        const style = getComputedStyle(shape);
        if (style.fill !== "none" && !style.fill.startsWith("url")) {
          back = over(rgba(style.fill), back, Number(style.fillOpacity) * Number(style.opacity));
        }
      }
      judge(text, rgba(getComputedStyle(text).fill), back);
    }
  }
  for (const text of document.body.querySelectorAll("*")) {
    if (!text.closest("svg, script, style, select") && ownText(text) && text.checkVisibility({ visibilityProperty: true })) {
      judge(text, rgba(getComputedStyle(text).color), backdrop(text));
    }
  }
  function ownText(element) {
    return [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
  }
  return { ground: lightness(backdrop(document.body)), weak: [...new Set(weak)].slice(0, 10) };
}
