import assert from "node:assert/strict";
import { UnsafePath } from "../../border/path.ts";
import {
  clusterListPath,
  clusterObjectPath,
  formatOf,
  listPath,
  objectPath,
  subresourcePath,
  typeOf,
} from "../../kubernetes/resources.ts";

describe("the paths of the Kubernetes API", () => {
  it("are those of the API reference for each kind in a namespace", () => {
    const paths = {
      ConfigMap: "/api/v1/namespaces/apps/configmaps",
      Deployment: "/apis/apps/v1/namespaces/apps/deployments",
      EndpointSlice: "/apis/discovery.k8s.io/v1/namespaces/apps/endpointslices",
      Event: "/api/v1/namespaces/apps/events",
      Gateway: "/apis/gateway.networking.k8s.io/v1/namespaces/apps/gateways",
      HTTPRoute: "/apis/gateway.networking.k8s.io/v1/namespaces/apps/httproutes",
      Ingress: "/apis/networking.k8s.io/v1/namespaces/apps/ingresses",
      Lease: "/apis/coordination.k8s.io/v1/namespaces/apps/leases",
      Pod: "/api/v1/namespaces/apps/pods",
      ReplicaSet: "/apis/apps/v1/namespaces/apps/replicasets",
      Service: "/api/v1/namespaces/apps/services",
    } as const;
    for (const [kind, path] of Object.entries(paths)) {
      assert.equal(listPath(kind as keyof typeof paths, "apps"), path);
      assert.equal(objectPath(kind as keyof typeof paths, "apps", "web"), `${path}/web`);
    }
  });

  it("are those of the API reference for each kind in no namespace, and for all namespaces", () => {
    assert.equal(clusterObjectPath("Namespace", "apps"), "/api/v1/namespaces/apps");
    assert.equal(clusterObjectPath("GatewayClass", "eg"), "/apis/gateway.networking.k8s.io/v1/gatewayclasses/eg");
    assert.equal(clusterListPath("SelfSubjectReview"), "/apis/authentication.k8s.io/v1/selfsubjectreviews");
    assert.equal(clusterListPath("Deployment"), "/apis/apps/v1/deployments");
  });

  it("request of a kind that is marked so the metadata alone, with and without a query", () => {
    const metadata = (what: string) => `application/json;as=PartialObjectMetadata${what};g=meta.k8s.io;v=v1`;
    const formats: [path: string, format: string][] = [
      [listPath("Secret", "apps"), metadata("List")],
      [`${listPath("Secret", "apps")}?limit=500`, metadata("List")],
      [clusterListPath("Secret"), metadata("List")],
      [objectPath("Secret", "apps", "web-db"), metadata("")],
      [objectPath("Secret", "secrets", "secrets"), metadata("")],
      [clusterObjectPath("Namespace", "secrets"), "application/json"],
      [listPath("ConfigMap", "secrets"), "application/json"],
      [objectPath("ConfigMap", "apps", "secrets"), "application/json"],
      [`${listPath("ConfigMap", "apps")}?labelSelector=/api/v1/secrets`, "application/json"],
    ];
    for (const [path, format] of formats) assert.equal(formatOf(path), format, path);
  });

  it("lead to a pod's log and to a port of it", () => {
    assert.equal(subresourcePath("Pod", "apps", "web-1", "log"), "/api/v1/namespaces/apps/pods/web-1/log");
    assert.equal(
      subresourcePath("Pod", "apps", "web-1:8080", "proxy"),
      "/api/v1/namespaces/apps/pods/web-1:8080/proxy",
    );
  });

  it("lead nowhere else, whatever the names are", () => {
    for (const name of ["", "..", "a/b", "a?b", "a%2fb"]) {
      assert.throws(() => objectPath("Pod", "apps", name), UnsafePath);
      assert.throws(() => objectPath("Pod", name, "web-1"), UnsafePath);
      assert.throws(() => listPath("Pod", name), UnsafePath);
      assert.throws(() => clusterObjectPath("Namespace", name), UnsafePath);
      assert.throws(() => subresourcePath("Pod", "apps", name, "log"), UnsafePath);
    }
  });

  it("belong to a group and version that each object names", () => {
    assert.deepEqual(typeOf("Pod"), { apiVersion: "v1", kind: "Pod" });
    assert.deepEqual(typeOf("Lease"), { apiVersion: "coordination.k8s.io/v1", kind: "Lease" });
  });
});
