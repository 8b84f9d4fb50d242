// What a page of a hostile record is compared with: `node tools/browser/harmless.mjs PAYLOADS RECORDS OUT` makes two
// records of the same shape, with an ordinary word and with no text at all in every string.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [payloads, records, folder] = process.argv.slice(2);
if (!payloads || !records || !folder) {
  console.error("usage: node tools/browser/harmless.mjs PAYLOADS RECORDS OUT");
  process.exit(2);
}
const [{ text: payload }] = JSON.parse(readFileSync(payloads, "utf8"));
const record = JSON.parse(readFileSync(join(records, "000/record.json"), "utf8"));
for (const [name, word] of [["a-word", "harmless"], ["no-text", ""]]) {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, "record.json"), JSON.stringify(replaced(record, word)));
}

/** The value with the word for the payload, in names too. */
function replaced(value, word) {
  if (typeof value === "string") {
    return value.replace(payload, () => word);
  }
  if (Array.isArray(value)) {
    return value.map((item) => replaced(item, word));
  }
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [replaced(name, word), replaced(item, word)]));
  }
  return value;
}
