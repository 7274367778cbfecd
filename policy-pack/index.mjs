/** The policy pack with every rule and its defaults, for projects that installed the package: `--policy-pack node_modules/gray-release/policy-pack`. */
import { PolicyPack, policiesOf, rules } from "../dist/policies/library.js";

new PolicyPack("gray-release", { policies: policiesOf(rules) });
