import { canaryCapacity } from "./canary-capacity.ts";
import { debugIngress } from "./debug-ingress.ts";
import { existingPorts } from "./existing-ports.ts";
import { identicalTemplates } from "./identical-templates.ts";
import { oneOwner } from "./one-owner.ts";
import { refusedRelease } from "./refused-release.ts";
import { releasedTemplate } from "./released-template.ts";
import type { Rule } from "./rule.ts";
import { safeRollingUpdate } from "./safe-rolling-update.ts";
import { stableSize } from "./stable-size.ts";
import { tokenFirst } from "./token-first.ts";
import { uniqueHostnames } from "./unique-hostnames.ts";
import { uniqueNames } from "./unique-names.ts";
import { weightStep } from "./weight-step.ts";

/** Every rule of the pack. A new rule is a file beside these and a line here. */
export const rules: readonly Rule[] = [
  stableSize,
  identicalTemplates,
  releasedTemplate,
  oneOwner,
  safeRollingUpdate,
  debugIngress,
  refusedRelease,
  weightStep,
  canaryCapacity,
  tokenFirst,
  existingPorts,
  uniqueHostnames,
  uniqueNames,
];
