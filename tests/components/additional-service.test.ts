import assert from "node:assert/strict";
import type { AdditionalServiceArgs } from "../../components/additional-service-args.ts";
import { CanaryService } from "../../components/canary-service.ts";
import type { RolloutContext } from "../../components/rollout-context.ts";
import { assertServiceArgs, type ServiceArgs } from "../../components/service-args.ts";
import { run } from "../fake/engine.ts";
import { context, serviceArgs } from "./fop-gate.ts";

const made = async (
  services: Record<string, AdditionalServiceArgs>,
  changes: Partial<ServiceArgs> = {},
  contextChanges: Partial<RolloutContext> = {},
) => {
  const args = serviceArgs({ services, ...changes });
  const { resources } = await run(() => {
    new CanaryService("web", { ...args, rollout: context("web", args, contextChanges) });
  });
  const found = resources.filter(({ type }) => type === "kubernetes:core/v1:Service");
  return Object.fromEntries(found.map((each) => [each.name, each]));
};
const metrics: AdditionalServiceArgs = { ports: [{ port: 9090 }] };
const gateway = { routes: [{ gateways: [{ name: "public" }] }] };

describe("an additional Service", () => {
  for (const [what, weight, changes, selector] of [
    ["above weight 0", 10, {}, { app: "web" }],
    ["at weight 0", 0, {}, { app: "web", track: "stable" }],
    ["behind a gateway", 10, { gateway }, { app: "web" }],
    ["behind a gateway at weight 0", 0, { gateway }, { app: "web", track: "stable" }],
  ] as const) {
    it(`selects the pods of the shared one ${what}`, async () => {
      const found = await made({ metrics }, { weight, ...changes });
      assert.deepEqual(found["web-metrics"]?.inputs.spec.selector, selector);
      assert.deepEqual(found.web?.inputs.spec.selector, selector);
    });
  }

  it("selects the pods of both tracks or of one at any weight, if that is asked", async () => {
    for (const weight of [0, 10]) {
      const found = await made(
        { all: { ...metrics, pods: "all" }, old: { ...metrics, pods: "stable" }, new: { ...metrics, pods: "canary" } },
        { weight },
      );
      assert.deepEqual(
        ["all", "old", "new"].map((name) => found[`web-${name}`]?.inputs.spec.selector),
        [{ app: "web" }, { app: "web", track: "stable" }, { app: "web", track: "canary" }],
      );
    }
  });

  it("has its own ports, fields and annotations, and the labels and owner of the service", async () => {
    const spec = { clusterIP: "None", publishNotReadyAddresses: true };
    const { "web-peers": peers } = await made({
      peers: { ports: [{ port: 7000 }], pods: "all", serviceSpec: spec, annotations: { a: "b" } },
    });
    assert.deepEqual(peers?.inputs.spec, {
      ...spec,
      selector: { app: "web" },
      ports: [{ name: "http", port: 7000, targetPort: 7000 }],
    });
    const { labels, annotations } = peers?.inputs.metadata ?? {};
    assert.deepEqual(labels, { app: "web", "gray-release/service": "web" });
    assert.deepEqual([annotations.a, annotations["gray-release/owner"]], ["b", "0123456789abcdef"]);
    assert.equal("gray-release/seq" in annotations, false, "nothing but Pulumi changes it");
  });

  it("keeps the fields that the API server chose, but for those that the program gives", async () => {
    const { "web-edge": edge } = await made({ edge: { ...metrics, serviceSpec: { type: "LoadBalancer" } } });
    assert.ok(edge?.ignoreChanges.includes("spec.clusterIP"), "a Service whose address disappears is replaced");
    assert.equal(edge?.ignoreChanges.includes("spec.type"), false);
  });

  it("is found by a traffic cutoff, and written again after one, if it follows the shared Service", async () => {
    const hook = () => {};
    const changes: Partial<RolloutContext> = {
      sequence: { stable: 0, canary: 0, front: 5 },
      hooks: { stable: {}, canary: {}, front: { beforeUpdate: [hook] } },
    };
    const found = await made({ metrics, all: { ...metrics, pods: "all" }, rpc: metrics }, {}, changes);
    assert.equal(found.web?.inputs.metadata.annotations["gray-release/followers"], "web-metrics,web-rpc");
    const { inputs, dependsOn, hooks } = found["web-metrics"] ?? assert.fail();
    assert.equal(inputs.metadata.annotations["gray-release/seq"], "5");
    assert.ok(dependsOn.includes("web"), "the shared Service names it first");
    assert.deepEqual(hooks, ["beforeUpdate"]);
    assert.deepEqual(found["web-all"]?.hooks, [], "an open rollout does not hold a Service that no weight concerns");
    const plain = await made({ all: { ...metrics, pods: "all" } });
    assert.equal(plain.web?.inputs.metadata.annotations["gray-release/followers"], undefined);
  });

  for (const [services, sentence] of [
    [
      { canary: metrics },
      /services has a name that is not allowed: the Service of a track has it|services\.canary has a name that is not allowed: the Service of a track has it/,
    ],
    [{ A: metrics }, /services\.A has a name that is not allowed: it is part of a Service's name/],
    [{ a: { ports: [] } }, /services\.a\.ports is \[\]: must have at least one port/],
    [
      { a: { ports: [{ port: 1 }, { port: 2 }] } },
      /each of several ports needs a unique name: set services\.a\.ports\[\]\.name/,
    ],
    [
      { a: { ports: [{ port: 1, targetPort: "x" }] } },
      /services\.a\.ports\.0\.targetPort is "x" and no container has a port/,
    ],
    [{ a: { ...metrics, pods: "both" } }, /services\.a\.pods is "both": must be users, all, stable or canary/],
    [
      { a: { ...metrics, serviceSpec: { publishNotReadyAddresses: true } } },
      /services\.a\.serviceSpec\.publishNotReadyAddresses is true: users would reach pods that are not ready: set pods: "all"/,
    ],
    [
      { a: { ...metrics, serviceSpec: { selector: {} } } },
      /services\.a\.serviceSpec\.selector is \{\}: CanaryService sets it/,
    ],
  ] as const) {
    it(`is refused as ${JSON.stringify(services)}`, () => {
      const args = serviceArgs({ services } as unknown as Partial<ServiceArgs>);
      assert.throws(() => assertServiceArgs("web", args), sentence);
    });
  }
});
