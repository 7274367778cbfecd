import type { ExpectedFailure } from "./case.ts";

/** The component gets a provider that openRollout was not told of. */
const withProvider = (text: string) =>
  `import { Provider } from "@pulumi/kubernetes/provider.js";\n${text.replace(
    "{ ...fopGate, rollout })",
    '{ ...fopGate, rollout }, { provider: new Provider("eu", {}) })',
  )}`;

export default {
  title: "a provider that the rollout was not opened with",
  needs: "cluster",
  change: { files: { "index.ts": withProvider } },
  up: "canary",
  sentence:
    'CanaryService fop-gate in namespace {namespace} was given the provider eu, and its rollout was opened with cluster: give openRollout("fop-gate", args, opts) the same options.',
} satisfies ExpectedFailure;
