import { debugIngress } from "./debug-ingress.ts";
import { identicalTemplates } from "./identical-templates.ts";
import { oneOwner } from "./one-owner.ts";
import { promotedRelease } from "./promoted-release.ts";
import { refusedRelease } from "./refused-release.ts";
import type { Rule } from "./rule.ts";
import { safeRollingUpdate } from "./safe-rolling-update.ts";
import { stableSize } from "./stable-size.ts";

/** Every rule of the pack. A new rule is a file beside these and a line here. */
export const rules: readonly Rule[] = [
  stableSize,
  identicalTemplates,
  promotedRelease,
  oneOwner,
  safeRollingUpdate,
  debugIngress,
  refusedRelease,
];
