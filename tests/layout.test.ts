import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

const root = join(import.meta.dirname, "..");

/**
 * What each room may import of the others, itself aside; `*` is everything. A room is a folder at the top, or a file there.
 * A room that is not listed may import nothing of ours, so a new one has to say what it needs.
 */
const allowed: Record<string, readonly string[]> = {
  border: [],
  components: ["border"],
  // Its constructor opens the rollout, so the component itself is above the gate.
  "components/canary-service.ts": ["border", "gate"],
  analysis: ["border"],
  policies: [],
  kubernetes: ["border", "components"],
  pulumi: ["border", "components"],
  record: ["border", "components", "analysis", "kubernetes"],
  live: ["border", "components", "analysis", "kubernetes", "record"],
  cutoff: ["components", "kubernetes", "record", "live"],
  gate: ["border", "components", "kubernetes", "record", "live"],
  describe: ["border", "components", "kubernetes", "live"],
  evaluation: ["border", "components", "analysis", "kubernetes", "record", "live", "cutoff"],
  probe: ["border", "components", "analysis", "kubernetes", "live"],
  rollout: [
    "border",
    "components",
    "analysis",
    "kubernetes",
    "pulumi",
    "record",
    "live",
    "cutoff",
    "evaluation",
    "probe",
  ],
  observability: ["components/user-error.ts", "analysis", "rollout"],
  cli: ["*"],
  package: ["components", "gate"],
  "index.ts": ["components", "gate", "settings.ts"],
  "settings.ts": ["components"],
  "library.ts": ["components", "gate"],
  sandbox: ["components/user-error.ts"],
  harness: ["*"],
  tests: ["*"],
  benchmarks: ["*"],
  site: ["*"],
};

describe("the layout", () => {
  const files = sourceFiles(root);
  const imports = files.flatMap((file) => importsOf(file).map((target) => ({ file, target })));

  it("has files to look at in every part that there is", () => {
    for (const part of ["components", "gate", "rollout", "policies", "cli", "tests"]) {
      assert.ok(
        files.some((file) => file.startsWith(part + sep)),
        part,
      );
    }
    assert.ok(imports.length > 50);
  });

  it("knows every part", () => {
    assert.deepEqual(
      [...new Set(files.map(partOf))].filter((part) => !(part in allowed)),
      [],
    );
  });

  it("has imports in the direction of the design only", () => {
    const against = imports.filter(({ file, target }) => {
      const part = partOf(target);
      const permitted = allowed[file] ?? allowed[partOf(file)] ?? [];
      const [top = part] = part.split("/");
      return partOf(file) !== part && !["*", top, part, target].some((each) => permitted.includes(each));
    });
    assert.deepEqual(against, []);
  });

  it("has no import circles, imports of types included", () => {
    const targets = Map.groupBy(imports, ({ file }) => file);
    const circles = circlesOf(files, (file) => (targets.get(file) ?? []).map(({ target }) => target));
    assert.deepEqual(circles, []);
  });

  it("would find a circle, with all of its files and no others", () => {
    const edges: Record<string, string[]> = {
      a: ["b", "e"],
      b: ["c", "e"],
      c: ["d"],
      d: ["b"],
      e: ["f"],
      f: ["e"],
      g: ["a"],
    };
    assert.deepEqual(
      circlesOf(Object.keys(edges), (file) => edges[file] ?? []),
      [
        ["b", "c", "d"],
        ["e", "f"],
      ],
    );
  });

  it("lets nothing import the program, which runs when it is read", () => {
    assert.deepEqual(
      imports.filter(({ file, target }) => target === "index.ts" && !file.startsWith("tests")),
      [],
    );
  });
});

/** The circles among files: sets of files each of which reaches all others of the set. */
function circlesOf(files: readonly string[], targetsOf: (file: string) => readonly string[]): string[][] {
  const reached = new Map(files.map((file) => [file, reachedFrom(file, targetsOf)]));
  const circles = files.flatMap((file) => {
    const circle = [...(reached.get(file) ?? [])].filter((other) => reached.get(other)?.has(file)).sort();
    return circle[0] === file ? [circle] : [];
  });
  return circles.sort();
}

/** The files that a file imports, directly or through others; itself only by a circle. */
function reachedFrom(start: string, targetsOf: (file: string) => readonly string[]): Set<string> {
  const reached = new Set(targetsOf(start));
  for (const file of reached) for (const target of targetsOf(file)) reached.add(target);
  return reached;
}

/** The room of a file: its folder at the top, or itself. */
function partOf(file: string): string {
  const [top = file] = file.split(sep);
  return top;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return entry.name === "node_modules" || entry.name === "dist" || entry.name.startsWith(".")
        ? []
        : sourceFiles(path);
    }
    return /\.m?ts$/.test(entry.name) ? [relative(root, path)] : [];
  });
}

/** The files of ours that a file imports, types included, by their paths from the top. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = text.matchAll(/^(?:import|export)\b[^;"]*?"(\.{1,2}\/[^"]+)"|\bimport\("(\.{1,2}\/[^"]+)"\)/gm);
  return [...found].map(([, plain, dynamic]) => relative(root, join(root, dirname(file), plain ?? dynamic ?? "")));
}
