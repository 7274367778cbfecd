import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const root = join(import.meta.dirname, "..", "..");

/** An export with the comment before it. */
interface Exported {
  readonly file: string;
  readonly kind: string;
  readonly name: string;
  readonly comment: string;
}

/** What a file declares and exports. */
function exportsOf(file: string): Exported[] {
  const text = readFileSync(join(root, file), "utf8");
  const declarations = text.matchAll(/^export (?:async )?(function|class|interface|type|const) (\w+)/gm);
  return [...declarations].map(({ index, 1: kind = "", 2: name = "" }) => {
    const before = text.slice(0, index).replace(/(?:^\/\/ biome-ignore .*\n)+$/m, "");
    return { file, kind, name, comment: before.endsWith("*/\n") ? before.slice(before.lastIndexOf("/**")) : "" };
  });
}

/** What a library exports of our files. */
function libraryExports(library: string): Exported[] {
  const text = readFileSync(join(root, library), "utf8");
  const clauses = text.matchAll(/^export (?:type )?\{([^}]*)\} from "(\.[^"]+)";$/gm);
  return [...clauses].flatMap(([, names = "", from = ""]) => {
    const all = exportsOf(relative(root, join(root, dirname(library), from)));
    return names
      .split(",")
      .map((name) => name.trim().replace(/^type /, ""))
      .filter((name) => name !== "")
      .map((name) => all.find((each) => each.name === name) ?? { file: from, kind: "", name, comment: "" });
  });
}

const withoutExample = (all: readonly Exported[]) =>
  all.filter(({ comment }) => !comment.includes("@example")).map(({ file, name }) => `${file}: ${name}`);

describe("the examples in comments", () => {
  for (const library of ["library.ts", "analysis/library.ts", "policies/library.ts"]) {
    it(`stand at each export of ${library}`, () => {
      const all = libraryExports(library);
      assert.ok(all.length > 10);
      assert.deepEqual(withoutExample(all), []);
    });
  }

  for (const room of ["analysis", "components", "policies"]) {
    it(`stand at each exported function and class of ${room}/`, () => {
      const files = readdirSync(join(root, room), { recursive: true, encoding: "utf8" });
      const sources = files.filter((file) => file.endsWith(".ts")).map((file) => join(room, file));
      const all = sources.flatMap(exportsOf).filter(({ kind }) => kind === "function" || kind === "class");
      assert.ok(all.length > 10);
      assert.deepEqual(withoutExample(all), []);
    });
  }
});
