import type { ExpectedFailure } from "./case.ts";

export default {
  title: "an access that is not a text",
  change: {
    files: {
      "index.ts": (text) =>
        text.replace("const fopGate: ServiceArgs = {", "const fopGate: any = { access: { kubeconfig: { token: 1 } },"),
    },
  },
  up: "canary",
  sentence: "fop-gate: access.kubeconfig must be a text.",
} satisfies ExpectedFailure;
