import assert from "node:assert/strict";
import type { PodTemplate } from "../../components/release.ts";
import { disownOtherFields } from "../../gate/other-fields.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import { compareTemplate } from "../../live/template.ts";
import { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";

const path = "/apis/apps/v1/namespaces/dora-apps/deployments/web";
const release: PodTemplate = {
  metadata: { labels: { app: "web", track: "stable", release: "a" } },
  spec: { containers: [{ name: "web", image: "web:1" }] },
};
const account = { serviceAccountName: "b", serviceAccount: "b" };
const applied = { manager: "pulumi-kubernetes-1", operation: "Apply", fieldsV1: {} };

describe("a live pod template before it is written", () => {
  let api: ApiServer;
  beforeEach(async () => {
    api = await ApiServer.start();
    api.admit = (object) => {
      object.spec.template.spec.dnsPolicy = "ClusterFirst";
      return object;
    };
  });
  afterEach(() => api.stop());

  const live = (spec: object = {}, managedFields: readonly object[] = [applied]): DeploymentObject => {
    api.put(path, {
      metadata: { name: "web", namespace: "dora-apps", managedFields },
      spec: { replicas: 1, template: { ...release, spec: { ...release.spec, ...spec } } },
    });
    return structuredClone(api.objects.get(path)) as unknown as DeploymentObject;
  };
  const leave = async (deployment: DeploymentObject) => {
    const comparison = await compareTemplate(direct(api), deployment, release);
    const differences = comparison.kind === "compared" ? comparison.differences : [];
    return disownOtherFields(direct(api), deployment, release, differences);
  };
  const written = () => api.requests.filter(({ method, query }) => method !== "GET" && !query.has("dryRun"));

  it("keeps its field owners if it equals the release", async () => {
    assert.equal(await leave(live()), undefined);
    assert.equal(await leave(live({ containers: [{ name: "web", image: "web:2" }] })), undefined);
    assert.deepEqual(written(), []);
  });

  it("prepares the next apply to remove what the release leaves out, and is not changed itself", async () => {
    const deployment = live(account);
    assert.equal(await leave(deployment), undefined);
    const after = api.objects.get(path);
    assert.deepEqual(after?.spec, deployment.spec);
    assert.match(JSON.stringify(after?.metadata.managedFields), /before-first-apply.*"f:serviceAccount":\{\}/);
  });

  it("is read again if it changed in between, a few times", async () => {
    const deployment = live(account);
    live(account);
    assert.equal(await leave(deployment), undefined);
    assert.equal(written().length, 2);
    const before = written().length;
    api.intercept = ({ method, query }) =>
      method === "PATCH" && !query.has("dryRun") ? { status: 409, body: { message: "changed" } } : undefined;
    assert.match((await leave(live(account))) ?? "", /^changed/);
    assert.equal(written().length - before, 5);
  });

  it("is replaced as a whole if the provider merges and does not apply", async () => {
    assert.equal(await leave(live(account, [{ manager: "pulumi-kubernetes", operation: "Update" }])), undefined);
    assert.deepEqual(api.objects.get(path)?.spec.template, release);
  });

  it("stays as it is without that permission, and the reason is reported", async () => {
    const deployment = live(account);
    api.intercept = ({ query }) => (query.has("dryRun") ? undefined : { status: 403, body: { message: "no right" } });
    assert.match((await leave(deployment)) ?? "", /^no right/);
    assert.deepEqual(api.objects.get(path)?.spec, deployment.spec);
  });
});
