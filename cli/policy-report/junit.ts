import type { Judged } from "./findings.ts";

/**
 * Findings as JUnit XML for CI servers: a suite for each stack, a case for each rule that ran, a failure for a mandatory rule with
 * findings. Advisory findings are in `system-out`, because they fail nothing. A stack that could not be judged is an error.
 */
export function junit(judged: readonly Judged[]): string {
  const suites = judged.map((each) => {
    const ruleCases = each.rules.map((rule) => caseOf(each, rule));
    // For deployed resources Pulumi does not report which rules ran, and a suite without a case looks as if it had not run.
    const passed = ruleCases.length === 0 && each.error === undefined ? [caseOf(each, "policies")] : [];
    const cases = [...ruleCases, ...passed, ...(each.error === undefined ? [] : [errorOf(each)])];
    const failures = cases.filter(({ kind }) => kind === "failure").length;
    const errors = cases.filter(({ kind }) => kind === "error").length;
    const counts = attributes({ name: each.stack, tests: cases.length, failures, errors });
    return [`  <testsuite ${counts}>`, ...cases.map(({ xml }) => xml), "  </testsuite>"].join("\n");
  });
  return ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", ...suites, "</testsuites>"].join("\n");
}

function caseOf({ stack, findings }: Judged, rule: string) {
  const found = findings.filter((finding) => finding.rule === rule);
  const mandatory = found.filter(({ level }) => level === "mandatory");
  const [first] = mandatory;
  const all = (which: typeof found) => which.map(({ message, urn }) => `${message} (${urn})`).join("\n");
  const advisories = found.filter(({ level }) => level !== "mandatory");
  const inside = [
    ...(first
      ? [
          `<failure ${attributes({ message: first.message, type: first.severity ?? "mandatory" })}>${text(all(mandatory))}</failure>`,
        ]
      : []),
    ...(advisories.length > 0 ? [`<system-out>${text(all(advisories))}</system-out>`] : []),
  ].join("");
  const head = `<testcase ${attributes({ classname: stack, name: rule })}`;
  return {
    kind: first ? "failure" : "passed",
    xml: inside === "" ? `    ${head}/>` : `    ${head}>${inside}</testcase>`,
  };
}

function errorOf({ stack, error = "" }: Judged) {
  const head = attributes({ classname: stack, name: "policies" });
  return {
    kind: "error",
    xml: `    <testcase ${head}><error ${attributes({ message: error, type: "error" })}>${text(error)}</error></testcase>`,
  };
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${text(String(value)).replaceAll('"', "&quot;").replaceAll("\n", "&#10;")}"`)
    .join(" ");
}

/** Escapes text, and leaves out characters that XML 1.0 does not allow. */
function text(value: string): string {
  return value
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
