import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join, matchesGlob } from "node:path";
import { type Area, areas } from "./areas.ts";

/** Files that get faults, and the test files that have to notice. */
export interface Selection {
  readonly files: readonly string[];
  readonly tests: readonly string[];
}

/** What is to be run for a whole area. */
export function selectionOf(area: Area): Selection {
  const files = globSync([...area.files]).sort();
  const tests = [...new Set(files.flatMap((file) => testsOf(file, area)))];
  return { files: files.flatMap(withoutExamples), tests };
}

/**
 * What is to be run for one file, or for some of its lines.
 *
 * @param wanted a file of an area, such as `analysis/verdict.ts`, or lines of it: `analysis/verdict.ts:50-90`
 * @throws Error if no area has the file
 */
export function selectionFor(wanted: string): Selection {
  const [file = wanted] = wanted.split(":");
  const area = areas.find(({ files }) => files.some((glob) => matchesGlob(file, glob)));
  if (area === undefined) throw new Error(`${file} is in no area: add it to tests/mutation/areas.ts.`);
  return { files: wanted === file ? withoutExamples(file) : [wanted], tests: testsOf(file, area) };
}

/** A file, or the lines before and after the examples of a rule: they are tests, so they get no faults. */
function withoutExamples(file: string): string[] {
  const lines = readFileSync(file, "utf8").split("\n");
  const first = file.startsWith("policies/rules/") ? lines.indexOf("  examples: {") : -1;
  if (first < 0) return [file];
  const last = lines.indexOf("  },", first);
  return [`${file}:1-${first}`, `${file}:${last + 2}-${lines.length}`];
}

/**
 * The tests of an area that import a file, are named like it or run always, and where there are none, those that reach it by other files. A fault that only a
 * distant test notices counts as unnoticed, so the score is rather too low than too high.
 */
function testsOf(file: string, { tests, always = [] }: Area): string[] {
  const all = globSync([...tests]).sort();
  const name = basename(file, ".ts");
  const isNamed = (test: string) => basename(test) === `${name}.test.ts`;
  const isNear = (test: string) => basename(test).startsWith(`${name}-`);
  // Most faults end in the tests that are named like the file, so the slow simulations seldom run.
  const isAlways = (test: string) => always.includes(test);
  const place = (test: string) => (isNamed(test) || isAlways(test) ? 0 : isNear(test) ? 1 : 2);
  const direct = all
    .filter(
      (test) =>
        isAlways(test) ||
        importsOf(test).includes(file) ||
        ((isNamed(test) || isNear(test)) && reachedFrom(test).has(file)),
    )
    .sort((one, other) => place(one) - place(other));
  return direct.length > 0 ? direct : all.filter((test) => reachedFrom(test).has(file));
}

function reachedFrom(start: string): Set<string> {
  const reached = new Set([start]);
  for (const file of reached) for (const target of importsOf(file)) reached.add(target);
  return reached;
}

const known = new Map<string, readonly string[]>();

/** The files of ours that run when a file is imported; types are none. */
function importsOf(file: string): readonly string[] {
  const before = known.get(file);
  if (before) return before;
  const text = file.endsWith("ts") ? readFileSync(file, "utf8") : "";
  const found = text.matchAll(/^(?:import|export)\b(?! type)[^;"]*?"(\.{1,2}\/[^"]+)"/gm);
  const imports = [...found].map(([, target]) => join(dirname(file), target as string));
  known.set(file, imports);
  return imports;
}
