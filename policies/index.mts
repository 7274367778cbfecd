/**
 * The policy pack: `pulumi preview --policy-pack policies`. Its rules are in engine/rules.ts, and the organization's settings of them
 * in engine/organization-defaults.ts.
 */
import { PolicyPack } from "@pulumi/policy";
import { organizationDefaults } from "./engine/organization-defaults.ts";
import { configOf, policiesOf } from "./engine/pack.ts";
import { rules } from "./engine/rules.ts";

new PolicyPack(
  "gray-release",
  { policies: policiesOf(rules, { program: "index.ts" }) },
  configOf(rules, organizationDefaults),
);
