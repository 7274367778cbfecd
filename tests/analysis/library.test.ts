import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as library from "../../analysis/library.ts";

const folder = join(import.meta.dirname, "../../analysis");

/** An export of the library. */
interface Export {
  readonly name: string;
  readonly isType: boolean;
  /** The text of its docstring. */
  readonly doc: string | undefined;
}

/** The exports of the library, with the docstrings of their declarations. */
function exportsOf(): Export[] {
  const text = readFileSync(join(folder, "library.ts"), "utf8");
  return [...text.matchAll(/^export (type )?\{([^}]+)\} from "(.+)";$/gm)].flatMap(
    ([, type, names = "", file = ""]) => {
      const source = readFileSync(join(folder, file), "utf8");
      return names.split(",").map((each) => {
        const name = each.trim().replace(/^type /, "");
        const isType = type !== undefined || each.trim().startsWith("type ");
        return { name, isType, doc: docOf(name, source) };
      });
    },
  );
}

function docOf(name: string, source: string): string | undefined {
  const declared = new RegExp(
    `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\nexport (?:class|function|const|interface|type) ${name}\\b`,
  );
  return declared.exec(source)?.[1]?.replace(/^ *\* ?/gm, "");
}

/** An example as the body of a program: each line `value; // expected` compares, where the remark is an expression. */
function checked(example: string): string {
  return example
    .split("\n")
    .map((line) => {
      const [, value, expected] = /^(\S.*); \/\/ (.+)$/.exec(line) ?? [];
      return value !== undefined && expected !== undefined && isExpression(expected)
        ? `assert.deepEqual(${value}, ${expected});`
        : line;
    })
    .join("\n");
}

function isExpression(text: string): boolean {
  try {
    return new Function(`return (${text});`) !== undefined;
  } catch {
    return false;
  }
}

describe("gray-release/analysis", () => {
  const exports = exportsOf();
  const values = exports.filter(({ isType }) => !isType);
  let programs: string;

  before(() => {
    programs = mkdtempSync(join(tmpdir(), "gray-examples-"));
  });
  after(() => rmSync(programs, { recursive: true }));

  it("judges numbers that are not gray's", () => {
    const evidence = new library.Evidence({ canary: "2.0", stable: ["1.9"], settings: { warmUpSeconds: 0 } });
    const backend = (release: string, failed: number): library.TargetTick => ({
      target: `backend of ${release}`,
      release,
      pod: false,
      requests: { "200": 1000 - failed, "500": failed },
      pairs: {},
    });
    const pod: library.PodTick = {
      pod: "web-1",
      release: "2.0",
      track: "canary",
      ready: true,
      restarts: 0,
      lostReadiness: false,
      vanished: false,
    };
    const judged = (failed: number, from: number, minutes: number) => {
      for (let minute = from; minute < from + minutes; minute++) {
        const targets = [backend("2.0", failed), backend("1.9", 1)];
        evidence.observe({ at: minute * 60_000, seconds: 60, targets, pods: [pod], problems: [] });
      }
      return library.judge(evidence, (from + minutes - 1) * 60_000);
    };
    assert.equal(judged(1, 1, 5).verdict, "good");
    // One client may fail for some minutes.
    assert.equal(judged(60, 6, 5).guard, "burst");
    const { verdict, reason } = judged(60, 11, 10);
    assert.equal(verdict, "bad");
    assert.match(reason, /^canary answers 5xx \d+ times as often as stable, at least /);
    assert.ok(library.Evidence.resume(JSON.parse(JSON.stringify(evidence))).conviction);
  });

  it("exports what its file lists, each with a docstring", () => {
    assert.deepEqual(Object.keys(library).sort(), values.map(({ name }) => name).sort());
    assert.deepEqual(
      exports.filter(({ doc }) => doc === undefined).map(({ name }) => name),
      [],
    );
  });

  for (const { name, doc } of values) {
    it(`has an example of ${name} that is true`, async () => {
      const [, example] = /@example\s+([\s\S]+?)\s*$/.exec(doc ?? "") ?? [];
      assert.ok(example, "there is none");
      const body = checked(example);
      assert.match(body, /^assert\./m, "it has no line `value; // expected`");
      const path = join(programs, `${name}.ts`);
      const imports = [
        'import assert from "node:assert/strict";',
        `import { ${values.map((each) => each.name).join(", ")} } from "${pathToFileURL(join(folder, "library.ts"))}";`,
      ];
      writeFileSync(path, [...imports, body].join("\n"));
      await import(pathToFileURL(path).href);
    });
  }
});
