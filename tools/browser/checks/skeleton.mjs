// A page's elements without what the record says.

/**
 * One line an element: its depth, name, and attributes. Of those that hold words of the record, only the name is kept,
 * so that an injected attribute shows and a hostile value does not.
 */
export function skeleton(page) {
  return page.evaluate(() => {
    const kept = new Set(["class", "type", "role", "scope", "http-equiv", "data-facet"]);
    const lines = [];
    const walk = (element, depth) => {
      const attributes = [...element.attributes]
        .map(({ name, value }) => (kept.has(name) ? `${name}=${value}` : name))
        .toSorted();
      lines.push(`${" ".repeat(depth)}${element.localName} ${attributes.join(" ")}`);
      for (const child of element.children) {
        walk(child, depth + 1);
      }
    };
    walk(document.documentElement, 0);
    return lines;
  });
}
