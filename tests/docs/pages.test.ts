import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pages } from "../../site/pages.ts";

const root = join(import.meta.dirname, "../..");

describe("a page that is written from a source", function () {
  // The page of the API waits for the compiler, which takes long beside other work.
  this.timeout(120_000);

  for (const [path, write] of pages(root)) {
    it(`is the one that is committed, as docs/${path}; npm run docs:pages writes it`, async () => {
      const file = join(root, "docs", path);
      assert.ok(existsSync(file), "it is missing");
      assert.equal(readFileSync(file, "utf8"), await write());
    });
  }
});
