import assert from "node:assert/strict";
import { disownOtherFields } from "../../gate/other-fields.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import { compareTemplate } from "../../live/template.ts";
import type { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";
import { account, path, release, templateServer } from "../fake/template-server.ts";

describe("a live pod template before it is written", () => {
  let server: Awaited<ReturnType<typeof templateServer>>;
  let api: ApiServer;
  beforeEach(async () => {
    server = await templateServer();
    ({ api } = server);
  });
  afterEach(() => api.stop());

  const leave = async (deployment: DeploymentObject) => {
    const comparison = await compareTemplate(direct(api), deployment, release);
    const differences = comparison.kind === "compared" ? comparison.differences : [];
    return disownOtherFields(direct(api), deployment, release, differences);
  };

  it("keeps its field owners if it equals the release", async () => {
    assert.equal(await leave(server.live()), undefined);
    assert.equal(await leave(server.live({ containers: [{ name: "web", image: "web:2" }] })), undefined);
    assert.deepEqual(server.written(), []);
  });

  it("prepares the next apply to remove what the release leaves out, and is not changed itself", async () => {
    const deployment = server.live(account);
    assert.equal(await leave(deployment), undefined);
    const after = api.objects.get(path);
    assert.deepEqual(after?.spec, deployment.spec);
    assert.match(JSON.stringify(after?.metadata.managedFields), /before-first-apply.*"f:serviceAccount":\{\}/);
  });

  it("is read again if it changed in between, a few times", async () => {
    const deployment = server.live(account);
    server.live(account);
    assert.equal(await leave(deployment), undefined);
    assert.equal(server.written().length, 2);
    const before = server.written().length;
    api.intercept = ({ method, query }) =>
      method === "PATCH" && !query.has("dryRun") ? { status: 409, body: { message: "changed" } } : undefined;
    assert.match((await leave(server.live(account))) ?? "", /^changed/);
    assert.equal(server.written().length - before, 5);
  });

  it("is replaced as a whole if the provider merges and does not apply", async () => {
    assert.equal(await leave(server.live(account, [{ manager: "pulumi-kubernetes", operation: "Update" }])), undefined);
    assert.deepEqual(api.objects.get(path)?.spec.template, release);
  });

  it("stays as it is without that permission, and the reason is reported", async () => {
    const deployment = server.live(account);
    api.intercept = ({ query }) => (query.has("dryRun") ? undefined : { status: 403, body: { message: "no right" } });
    assert.match((await leave(deployment)) ?? "", /^no right/);
    assert.deepEqual(api.objects.get(path)?.spec, deployment.spec);
  });
});
