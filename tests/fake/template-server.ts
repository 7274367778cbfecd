import type { PodTemplate } from "../../components/release.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import { ApiServer } from "./api-server.ts";

/** Path of Deployment web. */
export const path = "/apis/apps/v1/namespaces/dora-apps/deployments/web";
export const release: PodTemplate = {
  metadata: { labels: { app: "web", track: "stable", release: "a" } },
  spec: { containers: [{ name: "web", image: "web:1" }] },
};
/** The fields of a pod spec with a ServiceAccount. */
export const account = { serviceAccountName: "b", serviceAccount: "b" };
/** The fields that a Pulumi program owns. */
export const applied = { manager: "pulumi-kubernetes-1", operation: "Apply", fieldsV1: {} };

/** An API server with Deployment web, to whose pod template it adds a default as the real one does. */
export async function templateServer() {
  const api = await ApiServer.start();
  api.admit = (object) => {
    object.spec.template.spec.dnsPolicy = "ClusterFirst";
    return object;
  };
  return {
    api,
    /** Stores the Deployment of the release. @param spec further fields of its pod spec */
    live(spec: object = {}, managedFields: readonly object[] = [applied]): DeploymentObject {
      api.put(path, {
        metadata: { name: "web", namespace: "dora-apps", managedFields },
        spec: { replicas: 1, template: { ...release, spec: { ...release.spec, ...spec } } },
      });
      return structuredClone(api.objects.get(path)) as unknown as DeploymentObject;
    },
    /** The requests that changed something. */
    written: () => api.requests.filter(({ method, query }) => method !== "GET" && !query.has("dryRun")),
  };
}
