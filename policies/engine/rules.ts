import { oneOwner } from "../rules/ownership/one-owner.ts";
import { ownLabels } from "../rules/ownership/own-labels.ts";
import { requiredLabels } from "../rules/ownership/required-labels.ts";
import { uniqueNames } from "../rules/ownership/unique-names.ts";
import { freshVerdict } from "../rules/release/fresh-verdict.ts";
import { identicalTemplates } from "../rules/release/identical-templates.ts";
import { immutableConfig } from "../rules/release/immutable-config.ts";
import { knownIdentity } from "../rules/release/known-identity.ts";
import { needsVerdict } from "../rules/release/needs-verdict.ts";
import { refusedRelease } from "../rules/release/refused-release.ts";
import { releasedTemplate } from "../rules/release/released-template.ts";
import { rolloutPlan } from "../rules/release/rollout-plan.ts";
import { noPlainSecrets } from "../rules/secrets/no-plain-secrets.ts";
import { noSecretOutputs } from "../rules/secrets/no-secret-outputs.ts";
import { canaryShare } from "../rules/traffic/canary-share.ts";
import { debugIngress } from "../rules/traffic/debug-ingress.ts";
import { existingPorts } from "../rules/traffic/existing-ports.ts";
import { protectedDebugIngress } from "../rules/traffic/protected-debug-ingress.ts";
import { protectedFront } from "../rules/traffic/protected-front.ts";
import { retiredAnnotations } from "../rules/traffic/retired-annotations.ts";
import { serviceSelector } from "../rules/traffic/service-selector.ts";
import { tokenFirst } from "../rules/traffic/token-first.ts";
import { uniqueHostnames } from "../rules/traffic/unique-hostnames.ts";
import { weightStep } from "../rules/traffic/weight-step.ts";
import { allowedRegistries } from "../rules/workload/allowed-registries.ts";
import { autoscalerPerTrack } from "../rules/workload/autoscaler-per-track.ts";
import { budgetPerTrack } from "../rules/workload/budget-per-track.ts";
import { canaryCapacity } from "../rules/workload/canary-capacity.ts";
import { capabilities } from "../rules/workload/capabilities.ts";
import { containerResources } from "../rules/workload/container-resources.ts";
import { hostIsolation } from "../rules/workload/host-isolation.ts";
import { nonRoot } from "../rules/workload/non-root.ts";
import { pinnedImage } from "../rules/workload/pinned-image.ts";
import { readOnlyRoot } from "../rules/workload/read-only-root.ts";
import { readinessProbes } from "../rules/workload/readiness-probes.ts";
import { safeRollingUpdate } from "../rules/workload/safe-rolling-update.ts";
import { seccomp } from "../rules/workload/seccomp.ts";
import { stableSize } from "../rules/workload/stable-size.ts";
import type { Rule } from "./rule.ts";

/**
 * Every rule of the pack. To add a rule, add a file to a folder of policies/rules and a line to this list.
 *
 * @example new PolicyPack("shop", { policies: policiesOf(rules, { program: "index.ts" }) });
 */
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
  requiredLabels,
];
