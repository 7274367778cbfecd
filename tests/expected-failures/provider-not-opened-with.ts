import { openedFirst } from "../../harness/opened-first.ts";
import type { ExpectedFailure } from "./case.ts";

/** Gives the component a provider other than the one that openRollout used. */
const withProvider = (text: string) =>
  `import { Provider } from "@pulumi/kubernetes/provider.js";\n${openedFirst(text).replace(
    "{ ...fopGate, rollout })",
    '{ ...fopGate, rollout }, { provider: new Provider("eu", {}) })',
  )}`;

export default {
  title: "a provider other than that of openRollout",
  needs: "cluster",
  change: { files: { "index.ts": withProvider } },
  up: "canary",
  sentence:
    'CanaryService fop-gate in namespace {namespace} was given the provider eu, and its rollout was opened with cluster: pass the same options to openRollout("fop-gate", args, opts).',
} satisfies ExpectedFailure;
