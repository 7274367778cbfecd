import assert from "node:assert/strict";
import {
  asObject,
  asService,
  called,
  type Declared,
  homeOf,
  isAdopted,
  isTrack,
  type KubernetesObject,
  type Resource,
  readDeclared,
  servicesOf,
} from "../../../policies/engine/declared.ts";
import { object } from "./declare.ts";

const read = (type: string, props: Resource["props"], more: Partial<Resource> = {}) =>
  readDeclared({ type, name: "web", urn: "urn", props, ...more });
const service = (props: Resource["props"], name = "web") =>
  asService(read("gray-release:index:CanaryService", props, { name }) as Declared) ?? assert.fail();
const outputs: Declared = { is: "outputs", urn: "", name: "test", values: {} };
const labels = { "gray-release/service": "web", track: "stable" };

describe("a declared resource", () => {
  it("is a service with both tracks by default", () => {
    const { is, tracks, admissions, releases, plan } = service({ namespace: "shop", replicas: 3 });
    assert.deepEqual([is, tracks, admissions, releases, plan], ["service", ["stable", "canary"], {}, {}, undefined]);
    assert.deepEqual(service({ tracks: ["canary"] }).tracks, ["canary"]);
  });

  it("is a service of the name that it has in Kubernetes, whatever the name of its resource", () => {
    assert.equal(service({ namespace: "shop", replicas: 3 }).name, "web");
    assert.equal(service({ namespace: "shop", replicas: 3, name: "web" }, "eu-web").name, "web");
  });

  it("is an object with its group, kind, name and namespace", () => {
    const metadata = { name: "web", namespace: "shop", labels: { a: "1" } };
    const expected = { is: "object", urn: "urn", name: "web", namespace: "shop", labels: { a: "1" }, protect: false };
    for (const [type, group, kind] of [
      ["kubernetes:apps/v1:Deployment", "apps", "Deployment"],
      ["kubernetes:apps/v1:DeploymentPatch", "apps", "Deployment"],
      ["kubernetes:core/v1:Service", "core", "Service"],
      ["kubernetes:v1:Service", "core", "Service"],
    ]) {
      assert.deepEqual(read(type ?? "", { metadata }), { ...expected, group, kind, fields: { metadata } });
    }
  });

  it("is in the namespace default without one, and named by its generated name", () => {
    const found = read("kubernetes:batch/v1:Job", { metadata: { generateName: "web-" } });
    assert.ok(found?.is === "object");
    assert.deepEqual([found.name, found.namespace, found.labels], ["web-", "default", {}]);
  });

  it("is protected if Pulumi refuses to delete it", () => {
    const of = (opts: Resource["opts"]) => {
      const found = read("kubernetes:v1:Service", { metadata: { name: "x" } }, opts ? { opts } : {});
      return found?.is === "object" && found.protect;
    };
    assert.deepEqual(
      [of({ protect: true }), of({ protect: false }), of({}), of(undefined)],
      [true, false, false, false],
    );
  });

  it("is nothing without a name, or if it is of another provider", () => {
    assert.equal(read("kubernetes:v1:Service", {}), undefined);
    assert.equal(read("kubernetes:v1:Service", { metadata: {} }), undefined);
    assert.equal(read("aws:s3/bucket:Bucket", { metadata: { name: "x" } }), undefined);
    assert.equal(read("pulumi:providers:kubernetes", { metadata: { name: "x" } }), undefined);
  });
});

describe("the Deployment of a track", () => {
  const deployment = (changes: Partial<KubernetesObject> = {}) => object("Deployment", {}, { labels, ...changes });

  it("has the labels of the service and of the track", () => {
    assert.ok(isTrack(deployment()) && isTrack(deployment(), "stable") && !isTrack(deployment(), "canary"));
    for (const one of [
      outputs,
      object("StatefulSet", {}, { labels }),
      deployment({ labels: { track: "stable" } }),
      deployment({ labels: { "gray-release/service": "web" } }),
    ]) {
      assert.equal(isTrack(one), false);
    }
  });

  const adopted = (
    podLabels: object | undefined,
    annotations: object | undefined = { "gray-release/adopted": "a" },
    of = labels,
  ) =>
    object("Deployment", undefined, {
      labels: of,
      fields: {
        metadata: annotations === undefined ? {} : { annotations },
        spec: { template: { metadata: { ...(podLabels && { labels: podLabels }) } } },
      } as KubernetesObject["fields"],
    });

  it("is adopted if it is stable's, says so, and its pods have no labels of a release", () => {
    assert.ok(isAdopted(adopted({ app: "web" })));
    assert.ok(isAdopted(adopted(undefined)));
    for (const one of [
      adopted({ track: "stable" }),
      adopted({ release: "a" }),
      adopted({}, {}),
      adopted({}, { "gray-release/adopted": "a" }, { ...labels, track: "canary" }),
      object("Deployment", {}, { labels }),
    ]) {
      assert.equal(isAdopted(one), false);
    }
    for (const spec of [undefined, {}, { template: {} }]) {
      const fields = { metadata: { annotations: { "gray-release/adopted": "a" } }, spec } as KubernetesObject["fields"];
      assert.ok(isAdopted(object("Deployment", undefined, { labels, fields })));
    }
  });
});

describe("declared resources", () => {
  const [web, other] = [service({ namespace: "shop" }), service({ namespace: "other" })];
  const found = object("Service", {});

  it("include the services, and the one that an object belongs to", () => {
    assert.deepEqual(servicesOf([outputs, web, found, other]), [web, other]);
    assert.equal(homeOf(found, [other, found, web]), web);
    assert.equal(homeOf(object("Service", {}, { labels: {} }), [web]), undefined);
    assert.equal(homeOf(found, [other, service({ namespace: "shop" }, "web-2")]), undefined);
  });

  it("are neither a service nor an object if they are outputs", () => {
    assert.deepEqual([asObject(outputs), asService(found)], [undefined, undefined]);
  });

  it("are called by kind, namespace and name", () => assert.equal(called(found), "Service shop/web"));
});
