import { join } from "node:path";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import { areas } from "./areas.ts";
import { type Selection, selectionFor, selectionOf } from "./selection.ts";

/**
 * Tests the tests: plants faults one by one and sees whether a test notices (docs/mutation.md). Hours for everything.
 *
 * - `--area gate`: one area of tests/mutation/areas.ts. @default all, one after the other
 * - `--mutate analysis/verdict.ts`: one file, or lines of one, as in `analysis/verdict.ts:50-90`. May be given more than once.
 * - `--ignore-static`: without faults in what runs only while a file is loaded, each of which needs a process of its own. @default with them
 * - `--jobs 2`: how many faults are tried at the same time. @default 1
 */
const { values } = parseArgs({
  options: {
    area: { type: "string", multiple: true },
    mutate: { type: "string", multiple: true },
    "ignore-static": { type: "boolean", default: false },
    jobs: { type: "string", default: "1" },
  },
});

// A random test that runs few cases would miss some of the faults.
process.env.GRAY_LONG = "1";

function selected(): readonly (Selection & { readonly name: string })[] {
  if (values.mutate) return values.mutate.map((wanted) => ({ name: nameOf(wanted), ...selectionFor(wanted) }));
  return areas
    .filter(({ name }) => values.area?.includes(name) ?? true)
    .map((area) => ({ name: area.name, ...selectionOf(area) }));
}

function nameOf(wanted: string): string {
  return wanted.replaceAll(/[^\w-]+/g, "-");
}

for (const { name, files, tests } of selected()) {
  console.log(`== ${name}: ${files.length} files, ${tests.length} test files`);
  const stryker = new Stryker({
    mutate: [...files],
    plugins: [join(import.meta.dirname, "mocha-runner.ts")],
    testRunner: "mocha-in-process",
    mochaSpecs: [...tests],
    warnings: { unknownOptions: false, preprocessorErrors: true, unserializableOptions: true, slow: true },
    coverageAnalysis: "perTest",
    ignoreStatic: values["ignore-static"],
    concurrency: Number(values.jobs),
    // Under load a test may take many times as long; endless loops are found by counting.
    timeoutMS: 60_000,
    timeoutFactor: 4,
    dryRunTimeoutMinutes: 30,
    ignorePatterns: ["/dist", "/.gray", "/reports"],
    reporters: ["progress-append-only", "clear-text", "html", "json"],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: true },
    htmlReporter: { fileName: `reports/mutation/${name}.html` },
    jsonReporter: { fileName: `reports/mutation/${name}.json` },
    thresholds: { high: 95, low: 90, break: 90 },
    allowConsoleColors: false,
    // It would rewrite tsconfig.json with the package named typescript, which is not there; nothing is compiled.
    tsconfigFile: "none",
  });
  await stryker.runMutationTest();
}
