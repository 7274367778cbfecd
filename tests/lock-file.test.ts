import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

interface Package {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const text = readFileSync(join(import.meta.dirname, "..", "package-lock.json"), "utf8");
const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, Package>> };

/** Whether a package that stands in this folder finds another one, as Node resolves it. */
function finds(from: string, name: string): boolean {
  if (`${from === "" ? "" : `${from}/`}node_modules/${name}` in packages) return true;
  return from !== "" && finds(dirname(from) === "." ? "" : dirname(from), name);
}

describe("the lock file", () => {
  it("has the packages of all platforms, so that npm ci accepts it everywhere", () => {
    const missing = Object.entries(packages).flatMap(([at, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !finds(at, name)),
    );
    assert.deepEqual(missing, []);
  });

  it("names no package host", () => {
    assert.doesNotMatch(text, /"resolved": "http/);
  });
});
