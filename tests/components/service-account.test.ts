import assert from "node:assert/strict";
import { CanaryService } from "../../components/canary-service.ts";
import { renderRelease } from "../../components/release.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { assertServiceArgs } from "../../components/service-args.ts";
import { run } from "../fake/engine.ts";
import { context, serviceArgs } from "./fop-gate.ts";

const release = (changes: Partial<ServiceArgs>) => renderRelease("web", { app: "web" }, serviceArgs(changes));
const made = async (changes: Partial<ServiceArgs>, retained: readonly string[] = []) => {
  const args = serviceArgs(changes);
  const { resources } = await run(() => {
    const rollout = context("web", args, retained.length > 0 ? { serviceAccounts: retained } : {});
    new CanaryService("web", { ...args, rollout });
  });
  return resources;
};
const accountIn = (resources: Awaited<ReturnType<typeof made>>, name: string) =>
  resources.find((each) => each.type.endsWith(":ServiceAccount") && each.name === name);

describe("the ServiceAccount of a service", () => {
  it("has the name of the service, and its pods run under it", async () => {
    const resources = await made({
      serviceAccount: {
        annotations: { role: "a" },
        imagePullSecrets: [{ name: "registry" }],
        automountServiceAccountToken: false,
      },
    });
    assert.deepEqual(accountIn(resources, "web")?.inputs, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: {
        name: "web",
        namespace: "dora-apps",
        labels: { app: "web", "gray-release/service": "web" },
        annotations: {
          role: "a",
          "gray-release/owner": "0123456789abcdef",
          "pulumi.com/patchForce": "true",
          "pulumi.com/deletionPropagationPolicy": "background",
        },
      },
      imagePullSecrets: [{ name: "registry" }],
      automountServiceAccountToken: false,
    });
    for (const name of ["web", "web-canary"]) {
      const pods = resources.find((each) => each.type.endsWith(":Deployment") && each.name === name);
      assert.equal(pods?.inputs.spec.template.spec.serviceAccountName, "web");
    }
    const canary = resources.find((each) => each.type.endsWith(":Deployment") && each.name === "web-canary");
    assert.ok(canary?.dependsOn.includes("web"), "no pod can be created before its account");
  });

  it("belongs to the stack of canary", async () => {
    assert.equal(accountIn(await made({ serviceAccount: {}, tracks: ["stable"] }), "web"), undefined);
    assert.ok(accountIn(await made({ serviceAccount: {}, tracks: ["canary"] }), "web"));
  });

  it("is part of the release by its name alone", () => {
    const named = release({ serviceAccount: { name: "shop" } });
    assert.equal(named.template.spec.serviceAccountName, "shop");
    assert.equal(named.id, release({ serviceAccount: { name: "shop", annotations: { role: "b" } } }).id);
    assert.equal(named.id, release({ pod: { serviceAccountName: "shop" } }).id);
    assert.notEqual(named.id, release({ serviceAccount: {} }).id);
  });

  it("may have the name that the pod has too, but no other one", () => {
    assert.equal(
      release({ serviceAccount: {}, pod: { serviceAccountName: "web" } }).template.spec.serviceAccountName,
      "web",
    );
    for (const field of ["serviceAccountName", "serviceAccount"]) {
      assert.throws(
        () => release({ serviceAccount: {}, pod: { [field]: "shop" } }),
        /^UserError: web: pod\.serviceAccountName is shop and serviceAccount creates web: give one of them, or make their names equal\.$/,
      );
    }
  });

  it("is retained as it is while an earlier release needs it", async () => {
    const resources = await made({}, ["former"]);
    assert.equal(accountIn(resources, "web"), undefined);
    assert.equal(accountIn(resources, "web:former")?.inputs.metadata.name, "former");
  });

  for (const [serviceAccount, sentence] of [
    [{ name: "default" }, /serviceAccount\.name is "default": every namespace has it already/],
    [{ name: "Web" }, /serviceAccount\.name is "Web": must be lower-case letters/],
    [{ role: "a" }, /unknown argument serviceAccount\.role/],
    [
      { annotations: { "gray-release/owner": "a" } },
      /serviceAccount\.annotations\.gray-release\/owner is set by CanaryService/,
    ],
  ] as const) {
    it(`is refused as ${JSON.stringify(serviceAccount)}`, () => {
      assert.throws(() => assertServiceArgs("web", serviceArgs({ serviceAccount } as Partial<ServiceArgs>)), sentence);
    });
  }
});
