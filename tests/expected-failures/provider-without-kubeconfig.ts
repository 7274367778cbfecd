import type { ExpectedFailure } from "./case.ts";

const withProvider = (text: string) =>
  `import { Provider } from "@pulumi/kubernetes/provider.js";\n${text.replace(
    'CanaryService("fop-gate", fopGate)',
    'CanaryService("fop-gate", fopGate, { provider: new Provider("eu", { kubeconfig: "eu.kubeconfig" }) })',
  )}`;

export default {
  title: "a provider with a missing kubeconfig",
  needs: "cluster",
  change: { files: { "index.ts": withProvider } },
  up: "canary",
  sentence: "fop-gate, by provider eu: The kubeconfig eu.kubeconfig does not exist: correct its path.",
} satisfies ExpectedFailure;
