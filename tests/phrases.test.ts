import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** Phrases of our own, and what the field says; cspell.json has the single words. */
const refused: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [/\bways? back\b/i, "rollback"],
  [/\b(goes|go|going|gone) back (by itself|already|to stable)\b/i, "rolls back"],
  [/\b(takes?|taken|took) (a|the|it|each)?( bad)? ?release back\b/i, "rolls back"],
  [/\bpersons?'?s? words?\b/i, "a person's decision"],
  [/\blast words\b/i, "diagnostics"],
  [/\bbroken glass\b|\bbreaks? the glass\b/i, "break-glass override"],
  [/\bhand-over\b/i, "cutover"],
  [/\b(can|cannot|could|that is|to) be had\b|\bthat (is|was|are) had\b/i, "possible"],
  [/\bnobody (is|asked)\b[^.]*\bnobody\b/i, "say who did what"],
  [/\bhow-manieth\b/i, "number"],
  [/\bgoes? by your word\b/i, "applies your command"],
];
/** Refused outside of tests. */
const refusedInProduct: typeof refused = [[/\bnobody\b/i, "no user, no process: say who"]];
/** Other languages and other people's text. */
const isOurs = (file: string) =>
  /\.(ts|mts|cjs|md|json|ya?ml|sh)$/.test(file) && !/^(findings\/|cspell\.json|package-lock\.json)/.test(file);

/** The refused phrases of a text, wherever its lines are broken. */
function foundIn(text: string, phrases: typeof refused): string[] {
  const prose = text.replace(/\s*\n\s*(\*|\/\/|#|>)?\s*/g, " ");
  return phrases.flatMap(([phrase, instead]) => {
    const [found] = phrase.exec(prose) ?? [];
    return found === undefined ? [] : [`"${found}": write "${instead}"`];
  });
}

describe("our prose", () => {
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((file) => isOurs(file) && file !== "tests/phrases.test.ts" && existsSync(join(root, file)));

  it("has none of the phrases that only we understand", () => {
    assert.ok(files.length > 500);
    const found = files.flatMap((file) => {
      const phrases = file.startsWith("tests/") ? refused : [...refused, ...refusedInProduct];
      return foundIn(readFileSync(join(root, file), "utf8"), phrases).map((each) => `${file}: ${each}`);
    });
    assert.deepEqual(found, []);
  });

  it("would be refused with one of them, across a line break of a comment too", () => {
    assert.deepEqual(foundIn("/**\n * It leaves a way\n * back to stable.\n */", refused), [
      '"way back": write "rollback"',
    ]);
    assert.deepEqual(foundIn("// by a person's\n// word", refused), [`"person's word": write "a person's decision"`]);
    assert.deepEqual(foundIn("a way that leads back", refused), []);
  });
});
