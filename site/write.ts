/** Writes the pages of docs/ that come from a source: `npm run docs:pages`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pages } from "./pages.ts";

const root = join(import.meta.dirname, "..");
for (const [path, write] of pages(root)) {
  const file = join(root, "docs", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await write());
}
