/** The policy pack: `pulumi preview --policy-pack policies`. Its rules are listed in rules.ts, what the house sets of them in house.ts. */
import { PolicyPack } from "@pulumi/policy";
import { house } from "./organization-defaults.ts";
import { configOf, policiesOf } from "./rule.ts";
import { rules } from "./rules.ts";

new PolicyPack("gray-release", { policies: policiesOf(rules, { program: "index.ts" }) }, configOf(rules, house));
