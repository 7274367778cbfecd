/** The policy pack: `pulumi preview --policy-pack policies`. Its rules are listed in rules.ts. */
import { PolicyPack } from "@pulumi/policy";
import { policiesOf } from "./rule.ts";
import { rules } from "./rules.ts";

new PolicyPack("gray-release", { enforcementLevel: "mandatory", policies: policiesOf(rules) });
