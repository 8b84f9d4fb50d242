// What keeps a stranger's record from doing anything.

import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The page's own policy stops a script, a handler and an image that got into it. */
export async function stopsInjected(page) {
  const policy = await page.evaluate(
    () => document.querySelector("meta[http-equiv='Content-Security-Policy' i]")?.content ?? "",
  );
  assert.match(policy, /^default-src 'none';/);
  assert.doesNotMatch(policy, /unsafe|\*|https?:|data:/);
  const ran = await page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "globalThis.ranScript = true";
    const place = document.createElement("div");
    document.body.append(script, place);
    place.innerHTML = "<button onclick='globalThis.ranHandler = true'></button><img src='x.png' alt=''>";
    place.querySelector("button").click();
    const image = await new Promise((resolve) => {
      place.querySelector("img").addEventListener("error", () => resolve(false));
      place.querySelector("img").addEventListener("load", () => resolve(true));
    });
    return { script: globalThis.ranScript ?? false, handler: globalThis.ranHandler ?? false, image };
  });
  assert.deepEqual(ran, { script: false, handler: false, image: false });
}

/** Every link is relative, stays within the site's folder, and leads to something. */
export async function linksWithin(page, folder) {
  const { links, ids } = await page.evaluate(() => ({
    links: [...document.querySelectorAll("[href], [src], [action], [formaction]")].flatMap((element) =>
      ["href", "src", "action", "formaction", "xlink:href"]
        .map((name) => element.getAttribute(name))
        .filter((value) => value !== null),
    ),
    ids: [...document.querySelectorAll("[id]")].map((element) => element.id),
  }));
  assert.equal(new Set(ids).size, ids.length, "an id is there once");
  for (const link of links) {
    if (link.startsWith("#")) {
      assert.ok(ids.includes(decodeURIComponent(link.slice(1))), `${link} leads nowhere`);
      continue;
    }
    assert.match(link, /^(?!\/)[^:?\\]+$/, `${link} is not a plain relative link`);
    const path = fileURLToPath(new URL(link.replace(/#.*/, ""), page.url()));
    const root = fileURLToPath(pathToFileURL(folder)) + sep;
    assert.ok(path.startsWith(root), `${link} leaves the folder`);
    assert.ok(existsSync(path), `${link} leads to nothing`);
  }
}
