import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { CanaryService } from "../../components/canary-service.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { UserError } from "../../components/user-error.ts";
import { web } from "../fake/web.ts";
import { World } from "../fake/world.ts";

const settled = <T>(output: pulumi.Output<T>) => new Promise<unknown>((resolve) => void output.apply(resolve));

describe("a service in one call", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());

  /** A program that makes one service. */
  const program =
    (args: ServiceArgs, seen: (made: CanaryService) => void = () => {}) =>
    async () => {
      const made = new CanaryService("web", args);
      seen(made);
      return {};
    };

  it("opens its rollout itself, and runs the release on both tracks", async () => {
    const { resources } = await world.up("test", program(web("a")));
    assert.equal(world.runs("web"), world.runs("web-canary"));
    const component = resources.find(({ type }) => type === "gray-release:index:CanaryService");
    assert.deepEqual(Object.keys(component?.inputs.admissions), ["canary", "stable"]);
    assert.equal(component?.inputs.releases.canary.id, world.runs("web-canary"));
    assert.deepEqual(component?.dependsOn, ["web-owner"]);
    const objects = resources.filter(({ type, parent }) => type.startsWith("kubernetes:") && parent === "web");
    assert.ok(objects.length >= 5);
    assert.deepEqual([...new Set(objects.map(({ provider }) => provider))], ["cluster"]);
  });

  it("has outputs as other components do", async () => {
    let found: readonly unknown[] = [];
    const args = web("a", { ingress: { host: "web.example.com", tlsSecretName: "cert" } });
    await world.up("test", async () => {
      const made = new CanaryService("web", args);
      const outputs = [made.serviceName, made.url, made.stableRelease, made.canaryRelease, made.admission];
      found = await Promise.all(outputs.map((each) => settled(pulumi.output<unknown>(each))));
      const readAgain: pulumi.Output<unknown>[] = [made.stableRelease, made.admission];
      assert.deepEqual(await Promise.all(readAgain.map((each) => pulumi.isSecret(each))), [false, false]);
      return {};
    });
    const id = world.runs("web");
    assert.deepEqual(found.slice(0, 4), ["web", "https://web.example.com", id, id]);
    const admission = found[4] as Record<string, { admitted: boolean }>;
    assert.deepEqual([admission.stable?.admitted, admission.canary?.admitted], [true, true]);
  });

  for (const [what, changes, url] of [
    ["inside the cluster", {}, "http://web.dora-apps.svc"],
    ["inside the cluster, with another port", { ports: [{ port: 8080 }] }, "http://web.dora-apps.svc:8080"],
    [
      "at its Ingress without a certificate for the host",
      { ingress: { host: "a.example.com", tls: [] } },
      "http://a.example.com",
    ],
    [
      "at its Ingress, with the path",
      { ingress: { host: "a.example.com", path: "/shop" } },
      "http://a.example.com/shop",
    ],
    [
      "inside the cluster if its hosts are wildcards",
      { ingress: { host: "*.example.com" } },
      "http://web.dora-apps.svc",
    ],
    ["at its Ingress", { ingress: { host: "a.example.com" } }, "http://a.example.com"],
    [
      "at the first host of its Ingress",
      {
        ingress: { rules: [{ host: "*.example.com" }, { host: "b.example.com" }], tls: [{ hosts: ["b.example.com"] }] },
      },
      "https://b.example.com",
    ],
    [
      "at the first host of its routes",
      { gateway: { routes: [{ gateways: [{ name: "public", namespace: "infra" }], hostnames: ["c.example.com"] }] } },
      "http://c.example.com",
    ],
  ] as const) {
    it(`has its address ${what}`, async () => {
      world.installGateway();
      let found: unknown;
      await world.up(
        "test",
        program(web("a", changes), (made) => void settled(made.url).then((url) => (found = url))),
      );
      assert.equal(found, url);
    });
  }

  it("registers none of its objects if the gate refuses, and the program ends with the refusal", async () => {
    await world.up("test", program(web("a")));
    const before = JSON.stringify([...world.api.objects]);
    world.writeRecord({ open: { epoch: 1, release: world.runs("web"), weight: 10 } }, "web");
    const held = JSON.stringify([...world.api.objects]);
    assert.notEqual(held, before);
    await assert.rejects(world.up("test", program(web("b"))), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /refused while the rollout of/);
      return true;
    });
    assert.equal(JSON.stringify([...world.api.objects]), held);
  });

  it("refuses bad arguments at once", async () => {
    await assert.rejects(world.up("test", program(web("a", { replicas: 0 }))), /replicas is 0/);
  });

  it("is complete for a resource that depends on it", async () => {
    const { resources } = await world.up("test", async () => {
      const made = new CanaryService("web", web("a"));
      new ConfigMap("after", { metadata: { name: "after" } }, { dependsOn: made });
      return {};
    });
    const { dependsOn = [] } = resources.find(({ name }) => name === "after") ?? {};
    assert.ok(dependsOn.includes("web-canary") && dependsOn.includes("web"), dependsOn.join());
  });

  it("has the parent, the dependencies and the protection of its options", async () => {
    const { resources } = await world.up("test", async () => {
      const first = new ConfigMap("first", { metadata: { name: "first" } });
      const parent = new pulumi.ComponentResource("example:index:Shop", "shop");
      const opts = { parent, dependsOn: first, protect: true };
      new CanaryService("web", web("a", { ingress: { host: "a.example.com" } }), opts);
      return {};
    });
    const component = resources.find(({ name, type }) => name === "web" && type.endsWith(":CanaryService"));
    assert.equal(component?.parent, "shop");
    assert.deepEqual(component?.dependsOn.toSorted(), ["first", "web-owner"]);
    const children = resources.filter(({ parent }) => parent === "web");
    assert.ok(children.length >= 6);
    assert.deepEqual(
      children.filter(({ protect }) => !protect).map(({ name }) => name),
      [],
    );
  });

  it("deploys with the provider of its options, of its parent, or of the list of providers", async () => {
    const provider = () => new Provider("eu", { kubeconfig: readFileSync(world.kubeconfig, "utf8") });
    for (const optionsOf of [
      (eu: Provider) => ({ provider: eu }),
      (eu: Provider) => ({ providers: [eu] }),
      (eu: Provider) => ({ providers: { kubernetes: eu } }),
      (eu: Provider) => ({
        parent: new pulumi.ComponentResource("example:index:Shop", "shop", {}, { providers: [eu] }),
      }),
    ]) {
      const { resources } = await world.up("test", async () => {
        new CanaryService("web", web("a"), optionsOf(provider()));
        return {};
      });
      const objects = resources.filter(({ type, parent }) => type.startsWith("kubernetes:") && parent === "web");
      assert.ok(objects.length >= 5);
      assert.deepEqual([...new Set(objects.map(({ provider }) => provider))], ["eu"]);
    }
  });
});
