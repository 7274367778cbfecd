/** The policy pack: `pulumi preview --policy-pack policies`. Its rules are listed in rules.ts, what the house sets of them in house.ts. */
import { PolicyPack } from "@pulumi/policy";
import { house } from "./engine/organization-defaults.ts";
import { configOf, policiesOf } from "./engine/rule.ts";
import { rules } from "./engine/rules.ts";

new PolicyPack("gray-release", { policies: policiesOf(rules, { program: "index.ts" }) }, configOf(rules, house));
