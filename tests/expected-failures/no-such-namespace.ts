import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a namespace that is not in the cluster",
  needs: "cluster",
  change: { share: { namespace: "no-such-namespace" } },
  up: "canary",
  sentence:
    "Namespace no-such-namespace does not exist in the cluster of context {any}: create it with kubectl create namespace no-such-namespace, or correct the namespace in the configuration.",
} satisfies ExpectedFailure;
