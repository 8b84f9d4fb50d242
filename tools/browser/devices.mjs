// Records of devices that do not exist, for testing pages that show several:
// `node tools/browser/devices.mjs RECORD OUT` scales what was measured here. They are test data and never published.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DEVICES = [
  { name: "fast-board", cpu_model: "Test Processor A", architecture: "x86_64", cpus: 8, memory_bytes: 16 * 2 ** 30, slower: 0.5 },
  { name: "middling-board", cpu_model: "Test Processor B", architecture: "aarch64", cpus: 4, memory_bytes: 4 * 2 ** 30, slower: 3 },
  { name: "slow-board", cpu_model: "Test Processor C", architecture: "aarch64", cpus: 1, memory_bytes: 2 ** 29, slower: 11 },
];

const [source, folder] = process.argv.slice(2);
if (!source || !folder) {
  console.error("usage: node tools/browser/devices.mjs RECORD OUT");
  process.exit(2);
}
const record = readFileSync(source, "utf8");
write("measured", record);
for (const { name, slower, ...host } of DEVICES) {
  const other = JSON.parse(record, (key, value) => scaled(key, value, slower));
  other.id = `${other.id}-${name}`;
  Object.assign(other.host, host, { distribution: `test data: ${name}` });
  write(name, JSON.stringify(other));
}

function write(name, text) {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, "record.json"), text);
}

/** Times and rates as a device would have them that is so many times slower. */
function scaled(key, value, slower) {
  if (typeof value === "number" && key.endsWith("_per_s")) {
    return value / slower;
  }
  if (/_ns$/.test(key)) {
    const times = (time) => (Number.isInteger(time) ? Math.round(time * slower) : time * slower);
    if (typeof value === "number") {
      return times(value);
    }
    if (Array.isArray(value)) {
      return value.map((item) => (typeof item === "number" ? times(item) : item));
    }
  }
  return value;
}
