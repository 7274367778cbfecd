import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { destroyCommand } from "../../cli/destroy.ts";
import { Refusal } from "../../components/refusal.ts";
import { ApiServer } from "../fake/api-server.ts";
import { type Exported, Shell } from "../fake/gray.ts";

/** The state of a stack with services, each with the tracks that it owns. */
function stack(services: Record<string, string[] | undefined>, cluster = "cluster-uid"): Exported[] {
  const urn = (type: string, name: string) => `urn:pulumi:stack::gray-release::${type}::${name}`;
  const root = "pulumi:pulumi:Stack";
  const component = "gray-release:index:CanaryService";
  const releases = Object.fromEntries(Object.keys(services).map((name) => [`dora-apps/${name}`, { cluster }]));
  return [
    { type: root, urn: urn(root, "gray-release"), outputs: { releases } },
    ...Object.entries(services).map(([name, tracks]) => ({
      type: component,
      urn: urn(component, name),
      inputs: { namespace: "dora-apps", ...(tracks && { tracks }) },
    })),
  ];
}

describe("gray destroy", () => {
  let api: ApiServer;
  let shell: Shell;
  beforeEach(async () => {
    api = await ApiServer.start();
    shell = new Shell(api.kubeconfig);
    for (const service of services) {
      api.put(record(service), { metadata: { name: `${service}-rollout` } });
      api.put(lease(service), { metadata: { name: `${service}-rollout` } });
      api.put(evidence(service), { metadata: { name: `${service}-evidence` } });
      api.put(lastWords(service), { metadata: { name: `${service}-last-words` } });
      api.put(templates(service), { metadata: { name: `${service}-templates` } });
    }
  });
  afterEach(async () => {
    shell.remove();
    await api.stop();
  });

  const evidence = (service: string) => `/api/v1/namespaces/dora-apps/configmaps/${service}-evidence`;
  const lastWords = (service: string) => `/api/v1/namespaces/dora-apps/configmaps/${service}-last-words`;
  const templates = (service: string) => `/api/v1/namespaces/dora-apps/configmaps/${service}-templates`;
  const record = (service: string) => `/api/v1/namespaces/dora-apps/configmaps/${service}-rollout`;
  const lease = (service: string) => `/apis/coordination.k8s.io/v1/namespaces/dora-apps/leases/${service}-rollout`;
  const services = ["web", "shop", "other"];
  const records = () => services.filter((service) => api.objects.has(record(service)));
  const observed = () => services.filter((service) => api.objects.has(evidence(service)));
  const mourned = () => services.filter((service) => api.objects.has(lastWords(service)));
  const described = () => services.filter((service) => api.objects.has(templates(service)));
  const leased = () => services.filter((service) => api.objects.has(lease(service)));
  const destroy = (...args: string[]) => shell.run(destroyCommand(), ...args);
  const destroyed = () =>
    shell.calls.filter((call) => call.startsWith("destroy ")).map((call) => call.split(" ").at(-1));

  it("takes down the stacks that own stable alone before those that own the front, then the records", async () => {
    shell.stacks({
      canary: stack({ web: ["canary"] }),
      eu: stack({ web: ["stable"] }),
      all: stack({ shop: undefined }),
      prod: stack({ web: ["stable"] }),
    });
    const said = await destroy("--yes");
    assert.deepEqual(destroyed(), ["eu", "prod", "canary", "all"]);
    assert.equal(
      said,
      "Down: eu, then prod, then canary, then all; the records of dora-apps/web, dora-apps/shop are deleted.",
    );
    assert.deepEqual([records(), observed(), mourned(), leased()], [["other"], ["other"], ["other"], ["other"]]);
    assert.deepEqual(described(), ["other"]);
  });

  it("lifts the protection of a stack just before it takes it down", async () => {
    shell.stacks({ prod: stack({ web: ["stable"] }), canary: stack({ web: ["canary"] }) });
    await destroy("--yes");
    assert.deepEqual(shell.calls, [
      "state unprotect --all --yes --stack prod",
      "destroy --yes --skip-preview --suppress-outputs --stack prod",
      "state unprotect --all --yes --stack canary",
      "destroy --yes --skip-preview --suppress-outputs --stack canary",
    ]);
  });

  it("says what it took down as JSON", async () => {
    shell.stacks({ canary: stack({ web: ["canary"] }), prod: stack({ web: ["stable"] }) });
    assert.deepEqual(JSON.parse(await destroy("--yes", "--json")), {
      stacks: ["prod", "canary"],
      services: ["dora-apps/web"],
    });
  });

  it("refuses where any stack lives on another cluster, and touches nothing", async () => {
    shell.stacks({ prod: stack({ web: ["stable"] }), canary: stack({ web: ["canary"] }, "other-uid") });
    await assert.rejects(
      destroy("--yes"),
      new Refusal(
        "Stack canary lives on the cluster with UID other-uid and this one is cluster-uid: choose the right one with KUBECONFIG or --context.",
      ),
    );
    assert.deepEqual(shell.calls, []);
    assert.deepEqual(records(), ["web", "shop", "other"]);
  });

  /** Canary's stack, whose Deployment a provider with these inputs deploys. */
  const deployedBy = (inputs: object): Exported[] => {
    const [component] = stack({ web: ["canary"] }).slice(1);
    const provider = "urn:pulumi:stack::gray-release::pulumi:providers:kubernetes::cluster";
    const child = { type: "kubernetes:apps/v1:Deployment", urn: "urn:web", parent: component?.urn ?? "" };
    return [
      ...stack({ web: ["canary"] }),
      { type: "pulumi:providers:kubernetes", urn: provider, inputs },
      { ...child, provider: `${provider}::id` },
    ];
  };

  it("goes on where the provider in the state takes the cluster of the environment, or is encrypted", async () => {
    for (const inputs of [{ kubeconfig: "" }, {}, { kubeconfig: { ciphertext: "v1:a" }, context: "none" }]) {
      shell.stacks({ canary: deployedBy(inputs) });
      await destroy("--yes");
      assert.deepEqual(destroyed(), ["canary"]);
      rmSync(join(shell.folder, "calls"));
    }
  });

  it("refuses where the provider in the state leads to another cluster, or to none, and touches nothing", async () => {
    const eu = await ApiServer.start({ cluster: "eu-uid" });
    try {
      shell.stacks({ canary: deployedBy({ kubeconfig: eu.kubeconfig, context: "fake" }) });
      await assert.rejects(destroy("--yes"), {
        message:
          "The provider in the state of stack canary leads to the cluster with UID eu-uid from here, and cluster-uid was chosen: let KUBECONFIG and its current context lead to the one to destroy it on.",
      });
      shell.stacks({ canary: deployedBy({ kubeconfig: "/home/alice/.kube/config", context: "laptop" }) });
      await assert.rejects(
        destroy("--yes"),
        /^Refusal: The provider in the state of stack canary leads to no cluster from here \(The kubeconfig \/home\/alice\/\.kube\/config does not exist: .*\): run pulumi up --refresh=false --stack canary once, /,
      );
      assert.deepEqual(shell.calls, []);
    } finally {
      await eu.stop();
    }
  });

  it("leaves a stack without a service alone", async () => {
    shell.stacks({ empty: [], canary: stack({ web: ["canary"] }) });
    await destroy("--yes");
    assert.deepEqual(destroyed(), ["canary"]);
  });

  it("has nothing to do where no stack holds anything", async () => {
    shell.stacks({ empty: [] });
    await assert.rejects(destroy("--yes"), /No stack of this project holds anything/);
  });
});
