import assert from "node:assert/strict";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import { hashedTemplate } from "../../live/hashed-template.ts";
import { type Comparison, compareTemplate, driftFrom } from "../../live/template.ts";
import type { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";
import { account, path, release, templateServer } from "../fake/template-server.ts";

describe("a live pod template", () => {
  let server: Awaited<ReturnType<typeof templateServer>>;
  let api: ApiServer;
  beforeEach(async () => {
    server = await templateServer();
    ({ api } = server);
  });
  afterEach(() => api.stop());

  const compare = (deployment: DeploymentObject) => compareTemplate(direct(api), deployment, release);
  const differencesIn = (comparison: Comparison) => (comparison.kind === "compared" ? comparison.differences : []);

  it("is compared with the release as the API server would store it, and nothing is written", async () => {
    const deployment = server.live({ dnsPolicy: "ClusterFirst" });
    const comparison = await compare(deployment);
    assert.deepEqual(differencesIn(comparison), []);
    assert.equal(comparison.kind === "compared" && comparison.described.spec.dnsPolicy, "ClusterFirst");
    assert.deepEqual(
      differencesIn(await compare(server.live(account))).map(({ path: where }) => where.join(".")),
      ["spec.serviceAccountName", "spec.serviceAccount"],
    );
    assert.deepEqual(server.written(), []);
  });

  for (const status of [400, 403, 404, 422, 500]) {
    it(`cannot be compared if the server answers ${status}, and the reason is reported`, async () => {
      const deployment = server.live();
      api.intercept = () => ({ status, body: { kind: "Status", message: "no" } });
      const comparison = await compare(deployment);
      assert.match(
        comparison.kind === "unknown" ? comparison.why : "",
        new RegExp(`^no \\(PATCH ${path}: ${status}\\)`),
      );
    });
  }

  it("has known drift only from the release that it was compared with", () => {
    const deployment = server.live(account);
    const other = { ...release, spec: { ...release.spec, serviceAccountName: "a" } };
    const described = (id: string, template: object) => hashedTemplate(deployment, id, template);
    assert.equal(driftFrom(deployment, undefined), undefined);
    assert.equal(driftFrom(deployment, described("b", other)), undefined);
    assert.deepEqual(driftFrom(deployment, described("a", deployment.spec.template)), []);
    assert.deepEqual(driftFrom(deployment, described("a", other)), [
      { field: "spec.template.spec.serviceAccountName", how: 'is "b" and the release has "a"' },
    ]);
    const adopted = { ...deployment.metadata, annotations: { "gray-release/adopted": "a" } };
    assert.deepEqual(driftFrom({ ...deployment, metadata: adopted }, described("a", other)), []);
    const madeAnew = { ...deployment.metadata, uid: "another" };
    assert.equal(driftFrom({ ...deployment, metadata: madeAnew }, described("a", other)), undefined);
  });

  describe("has a field that was absent when it was compared", () => {
    const owns = (manager: string, operation: string, spec: object) => ({
      ...{ manager, operation, apiVersion: "apps/v1", fieldsType: "FieldsV1" },
      fieldsV1: { "f:spec": { "f:template": { "f:spec": spec } } },
    });
    const web = 'k:{"name":"web"}';
    const provider = owns("pulumi-kubernetes-1", "Apply", { "f:containers": { [web]: { ".": {}, "f:image": {} } } });
    const driftIn = (spec: object, owners: readonly object[]) => {
      const described = hashedTemplate(server.live(), "a", release);
      return driftFrom(server.live(spec, owners), described)?.map(({ field }) => field);
    };
    const [container] = release.spec.containers;
    const added = {
      schedulerName: "x",
      containers: [{ ...container, imagePullPolicy: "Always", env: [{ name: "KEY", value: "x" }] }],
      tolerations: [{ key: "spot" }],
    };
    const fields = ["containers[web].imagePullPolicy", "containers[web].env[KEY]", "schedulerName", "tolerations"];
    const inSpec = (names: readonly string[]) => names.map((name) => `spec.template.spec.${name}`);

    it("that has no owner: a default of a newer API server is no drift", () => {
      assert.deepEqual(driftIn(added, [provider]), []);
    });

    it("that another manager owns: kubectl edit is drift", () => {
      const edit = owns("kubectl-edit", "Update", {
        "f:schedulerName": {},
        "f:tolerations": {},
        "f:containers": {
          [web]: {
            "f:imagePullPolicy": {},
            "f:env": { ".": {}, 'k:{"name":"KEY"}': { ".": {}, "f:name": {}, "f:value": {} } },
          },
        },
      });
      assert.deepEqual(driftIn(added, [provider, edit])?.sort(), inSpec(fields).sort());
    });

    it("inside a field that a manager owns as a whole", () => {
      const described = hashedTemplate(server.live({ nodeSelector: { pool: "web" } }), "a", {
        ...release,
        spec: { ...release.spec, nodeSelector: { pool: "web" } },
      });
      const after = server.live({ nodeSelector: { pool: "web", disk: "ssd" } }, [
        owns("x", "Update", { "f:nodeSelector": {} }),
      ]);
      assert.deepEqual(
        driftFrom(after, described)?.map(({ field }) => field),
        inSpec(["nodeSelector.disk"]),
      );
    });

    it("and a value that another manager has set: kubectl set image is drift", () => {
      const set = owns("kubectl-set", "Update", { "f:containers": { [web]: { "f:image": {} } } });
      const containers = [{ ...container, image: "web:2" }];
      assert.deepEqual(driftIn({ containers }, [provider, set]), inSpec(["containers[web].image"]));
    });

    it("and no owners of the template are stored", () => {
      const status = {
        ...owns("kube-controller-manager", "Update", {}),
        fieldsV1: { "f:status": { "f:replicas": {} } },
      };
      assert.deepEqual(driftIn({ schedulerName: "x" }, [status]), inSpec(["schedulerName"]));
      assert.deepEqual(driftIn({ schedulerName: "x" }, []), inSpec(["schedulerName"]));
    });
  });
});
