import { allowedRegistries } from "./allowed-registries.ts";
import { autoscalerPerTrack } from "./autoscaler-per-track.ts";
import { budgetPerTrack } from "./budget-per-track.ts";
import { canaryCapacity } from "./canary-capacity.ts";
import { canaryShare } from "./canary-share.ts";
import { capabilities } from "./capabilities.ts";
import { containerResources } from "./container-resources.ts";
import { debugIngress } from "./debug-ingress.ts";
import { existingPorts } from "./existing-ports.ts";
import { freshVerdict } from "./fresh-verdict.ts";
import { hostIsolation } from "./host-isolation.ts";
import { houseLabels } from "./house-labels.ts";
import { identicalTemplates } from "./identical-templates.ts";
import { immutableConfig } from "./immutable-config.ts";
import { knownIdentity } from "./known-identity.ts";
import { needsVerdict } from "./needs-verdict.ts";
import { noPlainSecrets } from "./no-plain-secrets.ts";
import { noSecretOutputs } from "./no-secret-outputs.ts";
import { nonRoot } from "./non-root.ts";
import { oneOwner } from "./one-owner.ts";
import { ownLabels } from "./own-labels.ts";
import { pinnedImage } from "./pinned-image.ts";
import { protectedDebugIngress } from "./protected-debug-ingress.ts";
import { protectedFront } from "./protected-front.ts";
import { readOnlyRoot } from "./read-only-root.ts";
import { readinessProbes } from "./readiness-probes.ts";
import { refusedRelease } from "./refused-release.ts";
import { releasedTemplate } from "./released-template.ts";
import { retiredAnnotations } from "./retired-annotations.ts";
import { rolloutPlan } from "./rollout-plan.ts";
import type { Rule } from "./rule.ts";
import { safeRollingUpdate } from "./safe-rolling-update.ts";
import { seccomp } from "./seccomp.ts";
import { serviceSelector } from "./service-selector.ts";
import { stableSize } from "./stable-size.ts";
import { tokenFirst } from "./token-first.ts";
import { uniqueHostnames } from "./unique-hostnames.ts";
import { uniqueNames } from "./unique-names.ts";
import { weightStep } from "./weight-step.ts";

/** Every rule of the pack. A new rule is a file beside these and a line here. */
export const rules: readonly Rule[] = [
  knownIdentity,
  ownLabels,
  stableSize,
  canaryShare,
  identicalTemplates,
  releasedTemplate,
  refusedRelease,
  needsVerdict,
  freshVerdict,
  rolloutPlan,
  weightStep,
  canaryCapacity,
  oneOwner,
  uniqueNames,
  protectedFront,
  serviceSelector,
  safeRollingUpdate,
  budgetPerTrack,
  autoscalerPerTrack,
  immutableConfig,
  noPlainSecrets,
  noSecretOutputs,
  pinnedImage,
  allowedRegistries,
  readinessProbes,
  containerResources,
  nonRoot,
  readOnlyRoot,
  capabilities,
  seccomp,
  hostIsolation,
  tokenFirst,
  existingPorts,
  uniqueHostnames,
  retiredAnnotations,
  debugIngress,
  protectedDebugIngress,
  houseLabels,
];
