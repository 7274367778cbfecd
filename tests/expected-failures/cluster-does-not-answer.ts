import type { ExpectedFailure } from "./case.ts";

/** A cluster at port 1 of this machine, where no server listens. */
const nowhere = () => `apiVersion: v1
kind: Config
current-context: nowhere
contexts: [{ name: nowhere, context: { cluster: nowhere, user: nobody } }]
clusters: [{ name: nowhere, cluster: { server: "https://127.0.0.1:1" } }]
users: [{ name: nobody, user: {} }]
`;

export default {
  title: "a cluster that does not answer",
  needs: "cluster",
  change: { files: { "nowhere.kubeconfig": nowhere } },
  environment: { KUBECONFIG: "nowhere.kubeconfig" },
  up: "canary",
  sentence:
    "The cluster at https://127.0.0.1:1 (context nowhere) does not answer ({any}): check KUBECONFIG, the context and the network.",
} satisfies ExpectedFailure;
