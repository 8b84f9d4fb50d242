// Ways to break a page, each with the check that must notice: a check that cannot fail says nothing.

import { isAccessible } from "./checks/access.mjs";
import { followsTheSystem, hasAThemeButton, standsForcedColours } from "./checks/colour.mjs";
import { reachesEverything } from "./checks/keyboard.mjs";
import { fits, needsNoScript, prints } from "./checks/layout.mjs";
import { linksWithin } from "./checks/policy.mjs";
import { filtersByFacet, filtersByText, sortsByClick, sortsByKeyboard } from "./checks/table.mjs";

/** A rule on top of the page's own. Not as an element, which the page's policy forbids. */
const styled = (rule) => `
  (() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(${JSON.stringify(rule)});
    document.adoptedStyleSheets = [sheet];
  })()`;

/** An event that the page's script does not get to see. */
const deaf = (type) => `addEventListener(${JSON.stringify(type)}, (event) => event.stopImmediatePropagation(), true)`;

const quiet = async () => {};

/**
 * What is broken, the check that notices, what it says then, how it is broken (an expression for the page), and the
 * context's options.
 */
export const BROKEN = [
  ["headings that do not sort", sortsByClick, /sorted by one column/, deaf("click")],
  ["headings that keys do not reach", sortsByKeyboard, /sorted by one column/, `addEventListener("keydown", (event) => event.preventDefault(), true)`],
  [
    "rows out of order",
    sortsByClick,
    / before /,
    `addEventListener("click", () => {
      const body = document.querySelector("table.cells").tBodies[0];
      const rows = [...body.rows].filter((row) => !row.classList.contains("out"));
      rows.at(-1).after(rows[0]);
    })`,
  ],
  [
    "failures that come first",
    sortsByClick,
    /no figure comes last/,
    `addEventListener("click", () => {
      for (const { tBodies: [body] } of document.querySelectorAll("table.cells")) {
        const last = body.rows[body.rows.length - 1];
        last.classList.add("out");
        body.prepend(last);
      }
    })`,
  ],
  ["a filter that does nothing", filtersByText, /^"/, deaf("input")],
  [
    "a count that stays",
    filtersByText,
    /live region/,
    `new MutationObserver(() => {
      const shown = document.querySelector("output.shown");
      if (shown.textContent !== "1 of 1 cells") shown.textContent = "1 of 1 cells";
    }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true })`,
  ],
  [
    "a choice that is missing",
    filtersByFacet,
    /the choices are/,
    `document.querySelector("select.facet option:last-child").remove()`,
  ],
  ["focus that does not show", reachesEverything, /cannot be seen/, styled("*:focus-visible { outline: none !important }")],
  [
    "a heading that Tab passes over",
    reachesEverything,
    /did not get there/,
    `document.querySelector("table.cells th button").tabIndex = -1`,
  ],
  [
    "a keyboard trap",
    reachesEverything,
    /did not get there/,
    `document.querySelector("table.cells th button").addEventListener("keydown", (event) => event.preventDefault())`,
  ],
  [
    "a tab order of its own",
    reachesEverything,
    /did not get there|out of order/,
    `[...document.querySelectorAll("table.cells th button")].at(-1).tabIndex = 1`,
  ],
  ["light whatever the system has", followsTheSystem, /lightness of 1.00/, styled("body { background: #fff !important; color: #000 !important }")],
  ["a theme button that does nothing", hasAThemeButton, /'auto' !== 'light'/, deaf("click")],
  ["pale words", followsTheSystem, /too little contrast/, styled("td, p { color: #999 !important; background: #aaa !important }")],
  ["pale words in a picture", followsTheSystem, /<text/, styled("svg text { fill: #888 !important }")],
  ["own colours over forced ones", standsForcedColours, /forced colours/, styled("* { forced-color-adjust: none !important; color: #777 !important }")],
  ["controls on paper", prints, /input/, styled("@media print { :has(input.filter), input.filter { display: block !important; visibility: visible !important } }")],
  [
    "rows missing on paper",
    prints,
    /rows that a filter hides/,
    styled("@media print { table.cells > tbody > tr:last-child { display: none !important } }"),
  ],
  [
    "something folded on paper",
    prints,
    /details/,
    styled("@media print { details { display: block !important } details::details-content { content-visibility: hidden !important } }"),
  ],
  ["pictures missing on paper", prints, /missing: [1-9]/, styled("@media print { figure.chart svg { display: none !important } }")],
  [
    "wider than the paper",
    prints,
    /on paper: .*"wide"/,
    styled("@media print { h1 { width: 1500px !important } }"),
  ],
  ["dark paper", prints, /lightness of 0.00/, styled("@media print { :root { color-scheme: dark !important } body { background: #000 !important } }")],
  [
    "something that is too wide",
    (page) => fits(page),
    /at 320 px/,
    `document.querySelector("h1").style.width = "2000px"`,
  ],
  ["a picture that needs the script", needsNoScript, /pictures: false/, styled("figure.chart svg { display: none !important }"), { javaScriptEnabled: false }],
  ["a button without a name", isAccessible, /button-name/, `document.querySelector("main").append(document.createElement("button"))`],
  [
    "a picture without a name",
    isAccessible,
    /svg-img-alt/,
    `document.querySelector("svg[role=img]").removeAttribute("aria-labelledby");
    document.querySelector("svg[role=img] title").remove()`,
  ],
  [
    "a link that leaves the folder",
    linksWithin,
    /leaves the folder/,
    `document.querySelector("main").insertAdjacentHTML("beforeend", "<a href='../../x'>x</a>")`,
  ],
  [
    "a link to a script",
    linksWithin,
    /plain relative link/,
    `document.querySelector("main").insertAdjacentHTML("beforeend", "<a href='javascript:alert(1)'>x</a>")`,
  ],
  ["a message on the console", quiet, /console: x/, `console.error("x")`],
  ["a dialog", quiet, /dialog: x/, `setTimeout(() => alert("x")); new Promise((done) => setTimeout(done, 50))`],
  ["an error", quiet, /error: Error: x/, `setTimeout(() => { throw new Error("x") }); new Promise((done) => setTimeout(done, 50))`],
  ["a request", quiet, /connect-src/, `fetch("http://127.0.0.1:9/").catch(() => {})`],
  ["an image from elsewhere", quiet, /img-src/, `new Image().src = "http://127.0.0.1:9/"; new Promise((done) => setTimeout(done, 50))`],
];
