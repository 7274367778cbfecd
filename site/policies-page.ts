/** The reference of the policy rules, from the rules themselves. */
import * as v from "valibot";
import { rules } from "../policies/engine/rules.ts";
import { code, heading, prose, table } from "./markdown.ts";

/** The page of all rules: the table, then each rule with what to do and what there is to set. */
export function policiesPage(): string {
  const rows = rules.map(({ name, severity, level, description, settings }) => [
    `[${code(name)}](#${name})`,
    level === undefined ? severity : `${severity}, ${level}`,
    prose(description),
    Object.keys(settings?.entries ?? {})
      .map(code)
      .join(", "),
  ]);
  const parts = rules.map(({ name, description, remediation, settings }) => {
    const entries = Object.entries((settings?.entries ?? {}) as Record<string, v.GenericSchema>).map(
      ([key, setting]) => [
        code(key),
        prose(v.getDescription(setting) ?? ""),
        code(JSON.stringify(v.getDefaults(setting))),
      ],
    );
    const toSet = entries.length > 0 ? [table(["setting", "meaning", "default"], entries)] : [];
    return [`### ${name}\n`, `${prose(description)} If it is violated: ${prose(remediation)}\n`, ...toSet].join("\n");
  });
  return [
    heading(
      "Policies",
      "`policies/rules/`",
      `The policy pack has ${rules.length} rules. All are mandatory but those that the table calls advisory. [Check policies](../how-to/policies.md) says how to run and set them.`,
    ),
    table(["rule", "severity", "what holds", "settings"], rows),
    "## Each rule\n",
    ...parts,
  ].join("\n");
}
