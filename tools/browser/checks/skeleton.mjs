// A page's elements without what the record says.

/**
 * One line an element: its depth, name, and attributes. Of those that hold words of the record, only the name is kept,
 * so that an injected attribute shows and a hostile value does not. Rows, items and facts of the same shape in a row
 * count once: how many there are depends on which texts are alike.
 */
export function skeleton(page) {
  return page.evaluate(() => {
    const kept = new Set(["class", "type", "role", "scope", "http-equiv", "data-facet"]);
    const repeated = "tbody, ul, dl, select";
    const lines = (element, depth) => {
      const attributes = [...element.attributes]
        .map(({ name, value }) => (kept.has(name) ? `${name}=${value}` : name))
        .toSorted();
      const parts = [...element.children].map((child) => lines(child, depth + 1).join("\n"));
      const inside = element.matches(repeated) ? parts.filter((part, index) => part !== parts[index - 1]) : parts;
      return [`${" ".repeat(depth)}${element.localName} ${attributes.join(" ")}`, ...inside];
    };
    return lines(document.documentElement, 0).join("\n");
  });
}
