import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { destroyCommand } from "../../../cli/commands/destroy.ts";
import { UserError } from "../../../components/user-error.ts";
import type { Resource } from "../../../pulumi/pulumi.ts";
import { ApiServer } from "../../fake/api-server.ts";
import { Shell, stashOf } from "../../fake/gray.ts";
import { putVerdict } from "../../fake/stored-record.ts";
import { verdict } from "../../fake/world.ts";

/** The state of a stack with services and the tracks that it owns of each. */
function stack(services: Record<string, string[] | undefined>, cluster = "cluster-uid", owner?: string): Resource[] {
  const urn = (type: string, name: string) => `urn:pulumi:stack::gray-release::${type}::${name}`;
  const component = "gray-release:index:CanaryService";
  return [
    ...Object.keys(services).map((name) => stashOf(name, { namespace: "dora-apps", cluster })),
    ...Object.entries(services).map(([name, tracks]) => ({
      type: component,
      urn: urn(component, name),
      inputs: { namespace: "dora-apps", ...(tracks && { tracks }) },
    })),
    ...Object.keys(services).flatMap((name) =>
      owner === undefined
        ? []
        : [{ type: "pulumi:index:Stash", urn: urn("pulumi:index:Stash", `${name}-owner`), outputs: { output: owner } }],
    ),
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
      api.put(diagnostics(service), { metadata: { name: `${service}-diagnostics` } });
      api.put(templates(service), { metadata: { name: `${service}-templates` } });
    }
  });
  afterEach(async () => {
    shell.remove();
    await api.stop();
  });

  const evidence = (service: string) => `/api/v1/namespaces/dora-apps/configmaps/${service}-evidence`;
  const diagnostics = (service: string) => `/api/v1/namespaces/dora-apps/configmaps/${service}-diagnostics`;
  const templates = (service: string) => `/api/v1/namespaces/dora-apps/configmaps/${service}-templates`;
  const record = (service: string) => `/api/v1/namespaces/dora-apps/configmaps/${service}-rollout`;
  const lease = (service: string) => `/apis/coordination.k8s.io/v1/namespaces/dora-apps/leases/${service}-rollout`;
  const services = ["web", "shop", "other"];
  const records = () => services.filter((service) => api.objects.has(record(service)));
  const observed = () => services.filter((service) => api.objects.has(evidence(service)));
  const withDiagnostics = () => services.filter((service) => api.objects.has(diagnostics(service)));
  const described = () => services.filter((service) => api.objects.has(templates(service)));
  const leased = () => services.filter((service) => api.objects.has(lease(service)));
  const destroy = (...args: string[]) => shell.run(destroyCommand(), ...args);
  const destroyed = () =>
    shell.calls.filter((call) => call.startsWith("destroy ")).map((call) => call.split(" ").at(-1));

  it("destroys the stacks that own stable alone before those that own the front, then the records", async () => {
    shell.stacks({
      canary: stack({ web: ["canary"] }),
      eu: stack({ web: ["stable"] }),
      all: stack({ shop: undefined }),
      prod: stack({ web: ["stable"] }),
    });
    const output = await destroy("--yes");
    assert.deepEqual(destroyed(), ["eu", "prod", "canary", "all"]);
    assert.equal(
      output,
      "Destroyed: eu, then prod, then canary, then all; the records of dora-apps/web, dora-apps/shop are deleted.",
    );
    assert.deepEqual(
      [records(), observed(), withDiagnostics(), leased()],
      [["other"], ["other"], ["other"], ["other"]],
    );
    assert.deepEqual(described(), ["other"]);
  });

  it("deletes the verdicts after the record that names them, and no other object of their labels", async () => {
    const maps = "/api/v1/namespaces/dora-apps/configmaps";
    const judged = putVerdict(api, "bbbbbbbbbbbb", verdict("bad", "evidence"));
    const decided = putVerdict(api, "bbbbbbbbbbbb", verdict("good"));
    const labels = { "gray-release/service": "web", "gray-release/verdict": "person" };
    api.put(`${maps}/foreign`, { metadata: { name: "foreign", labels } });
    shell.stacks({ prod: stack({ web: ["stable"] }) });
    await assert.rejects(destroy("--yes"), /ConfigMap foreign/);
    assert.deepEqual([api.objects.has(`${maps}/${judged}`), records().includes("web")], [true, true]);
    api.objects.delete(`${maps}/foreign`);
    await destroy("--yes");
    const deleted = api.requests.filter(({ method }) => method === "DELETE").map(({ path }) => path.split("/").at(-1));
    assert.equal(deleted.indexOf("web-rollout"), 0);
    for (const name of [judged, decided]) assert.ok(deleted.includes(name) && !api.objects.has(`${maps}/${name}`));
  });

  it("unprotects a stack just before it destroys it", async () => {
    shell.stacks({ prod: stack({ web: ["stable"] }), canary: stack({ web: ["canary"] }) });
    await destroy("--yes");
    assert.deepEqual(shell.calls, [
      "state unprotect --all --yes --stack prod",
      "destroy --yes --skip-preview --json --non-interactive --stack prod",
      "state unprotect --all --yes --stack canary",
      "destroy --yes --skip-preview --json --non-interactive --stack canary",
    ]);
  });

  it("disarms commands to the CI system in the output of pulumi", async () => {
    shell.stacks({ prod: stack({ web: ["stable"] }) });
    shell.prints("::set-env name=A::b\n");
    const { out, err, code } = await shell.runInCi("destroy", "--yes");
    const safe = ": :set-env name=A::b\n";
    assert.deepEqual(
      [out, err, code],
      [`${safe}Destroyed: prod; the records of dora-apps/web are deleted.\n`, safe, 0],
    );
    const asJson = await shell.runInCi("destroy", "--yes", "--json");
    assert.deepEqual([JSON.parse(asJson.out).stacks, asJson.err], [["prod"], safe + safe]);
  });

  describe("reports of pulumi", () => {
    const urn = "urn:pulumi:prod::shop::gray-release:index:CanaryService$kubernetes:apps/v1:Deployment::web";
    const deleted = { resourcePreEvent: { metadata: { op: "delete", urn, old: { custom: true } } } };
    const diagnostic = (severity: string, message: string) => ({ diagnosticEvent: { urn, severity, message } });
    const prints = (...events: object[]) =>
      shell.prints(`${events.map((event) => JSON.stringify(event)).join("\n")}\n`);
    beforeEach(() => shell.stacks({ prod: stack({ web: ["stable"] }) }));

    it("each object that it deletes, and not the old Events that pulumi prints as warnings", async () => {
      prints(deleted, diagnostic("warning", "[Unhealthy] Readiness probe failed: connection refused"));
      assert.equal(
        await destroy("--yes"),
        "prod: Deployment web deleting\nDestroyed: prod; the records of dora-apps/web are deleted.",
      );
    });

    it("why an object could not be deleted, and that gray destroy can run again", async () => {
      prints(deleted, diagnostic("error", 'deployments.apps "web" is forbidden'));
      shell.destroyEnds(1);
      await assert.rejects(
        destroy("--yes"),
        new UserError(
          'Stack prod may be destroyed in part (Deployment web: deployments.apps "web" is forbidden): run gray destroy again.',
        ),
      );
    });
  });

  it("reports what it destroyed as JSON", async () => {
    shell.stacks({ canary: stack({ web: ["canary"] }), prod: stack({ web: ["stable"] }) });
    assert.deepEqual(JSON.parse(await destroy("--yes", "--json")), {
      stacks: ["prod", "canary"],
      services: ["dora-apps/web"],
      deleted: [],
      left: [],
    });
  });

  describe("after a killed up has left objects", () => {
    const paths = {
      Deployment: "/apis/apps/v1/namespaces/dora-apps/deployments/web-canary",
      ConfigMap: "/api/v1/namespaces/dora-apps/configmaps/web-config-1",
      HTTPRoute: "/apis/gateway.networking.k8s.io/v1/namespaces/dora-apps/httproutes/web",
    };
    const stand = (owner: string | undefined, service = "web") => {
      for (const path of Object.values(paths)) {
        api.put(path, {
          metadata: {
            name: path.split("/").at(-1) ?? "",
            labels: { "gray-release/service": service },
            ...(owner !== undefined && { annotations: { "gray-release/owner": owner } }),
          },
        });
      }
    };
    const standing = () => Object.values(paths).filter((path) => api.objects.has(path));
    beforeEach(() => {
      api.put("/apis/gateway.networking.k8s.io/v1", { metadata: { name: "v1" } });
      shell.stacks({
        prod: stack({ web: ["stable"] }, undefined, "feed"),
        canary: stack({ web: ["canary"] }, undefined, "beef"),
      });
      for (const service of services) {
        for (const path of [record(service), evidence(service), diagnostics(service)]) {
          const { name } = api.objects.get(path)?.metadata ?? { name: "" };
          api.put(path, { metadata: { name, labels: { "gray-release/service": service } } });
        }
      }
    });

    it("deletes those with the owner id of one of the stacks, and reports that", async () => {
      stand("beef");
      assert.equal(
        await destroy("--yes"),
        [
          "Also deleted: Deployment web-canary of dora-apps, HTTPRoute web of dora-apps, ConfigMap web-config-1 of dora-apps, which an interrupted pulumi up had created and no stack contains.",
          "Destroyed: prod, then canary; the records of dora-apps/web are deleted.",
        ].join("\n"),
      );
      assert.deepEqual([standing(), records()], [[], ["shop", "other"]]);
    });

    it("deletes a Secret, a ServiceAccount and a budget too, and does not need to list them if they may not be listed", async () => {
      const secret = "/api/v1/namespaces/dora-apps/secrets/web";
      const account = "/api/v1/namespaces/dora-apps/serviceaccounts/web";
      const budget = "/apis/policy/v1/namespaces/dora-apps/poddisruptionbudgets/web";
      for (const path of [secret, account, budget]) {
        api.put(path, {
          metadata: {
            name: "web",
            labels: { "gray-release/service": "web" },
            annotations: { "gray-release/owner": "beef" },
          },
        });
      }
      assert.match(
        await destroy("--yes"),
        /Secret web of dora-apps, ServiceAccount web of dora-apps, PodDisruptionBudget web of dora-apps/,
      );
      assert.ok(!api.objects.has(secret) && !api.objects.has(account) && !api.objects.has(budget));
      api.intercept = ({ path }) =>
        /secrets|serviceaccounts|poddisruptionbudgets/.test(path)
          ? { status: 403, body: { kind: "Status", message: "forbidden" } }
          : undefined;
      assert.match(await destroy("--yes"), /^Destroyed: prod, then canary/);
    });

    it("finds the owner id of a service whose resource has another name", async () => {
      const renamed = stack({ web: ["canary"] }, undefined, "beef").map((each) => ({
        ...each,
        urn: each.urn.replace(/::web(-owner)?$/, "::blue$1"),
        ...(each.inputs && { inputs: { ...each.inputs, name: "web" } }),
      }));
      shell.stacks({ canary: renamed });
      stand("beef");
      assert.match(await destroy("--yes"), /^Also deleted: Deployment web-canary of dora-apps, /);
      assert.deepEqual([standing(), records()], [[], ["shop", "other"]]);
    });

    for (const owner of ["another", undefined]) {
      it(`leaves objects with ${owner ?? "no"} owner id, and their record, and fails`, async () => {
        stand(owner);
        await assert.rejects(
          destroy("--yes"),
          new UserError(
            "Deployment web-canary of dora-apps, HTTPRoute web of dora-apps, ConfigMap web-config-1 of dora-apps still exist, because these stacks did not make them, and so does their record: destroy the stack that made them, in its own backend, or delete them with kubectl if there is no such stack.",
          ),
        );
        assert.deepEqual([standing().length, records(), leased()], [3, services, services]);
      });
    }

    it("ignores objects that are being deleted, and those of another service", async () => {
      stand("another", "shop");
      assert.equal(await destroy("--yes"), "Destroyed: prod, then canary; the records of dora-apps/web are deleted.");
      stand("another");
      for (const path of standing()) Object.assign(api.objects.get(path)?.metadata ?? {}, { deletionTimestamp: "now" });
      await destroy("--yes");
    });
  });

  it("is refused if any stack is deployed on another cluster, and changes nothing", async () => {
    shell.stacks({ prod: stack({ web: ["stable"] }), canary: stack({ web: ["canary"] }, "other-uid") });
    await assert.rejects(
      destroy("--yes"),
      new UserError(
        "Stack canary is deployed on the cluster with UID other-uid, but this one is cluster-uid: choose the right one with KUBECONFIG or --context.",
      ),
    );
    assert.deepEqual(shell.calls, []);
    assert.deepEqual(records(), ["web", "shop", "other"]);
  });

  /** The stack of canary, whose Deployment is deployed by a provider with these inputs. */
  const deployedBy = (inputs: NonNullable<Resource["inputs"]>): Resource[] => {
    const [component] = stack({ web: ["canary"] }).slice(1);
    const provider = "urn:pulumi:stack::gray-release::pulumi:providers:kubernetes::cluster";
    const child = { type: "kubernetes:apps/v1:Deployment", urn: "urn:web", parent: component?.urn ?? "" };
    return [
      ...stack({ web: ["canary"] }),
      { type: "pulumi:providers:kubernetes", urn: provider, inputs },
      { ...child, provider: `${provider}::id` },
    ];
  };

  it("continues if the provider in the state uses the cluster of the environment, or is encrypted", async () => {
    for (const inputs of [{ kubeconfig: "" }, {}, { kubeconfig: { ciphertext: "v1:a" }, context: "none" }]) {
      shell.stacks({ canary: deployedBy(inputs) });
      await destroy("--yes");
      assert.deepEqual(destroyed(), ["canary"]);
      rmSync(join(shell.folder, "calls"));
    }
  });

  it("is refused if the provider in the state reaches another cluster, or none, and changes nothing", async () => {
    const eu = await ApiServer.start({ cluster: "eu-uid" });
    try {
      shell.stacks({ canary: deployedBy({ kubeconfig: eu.kubeconfig, context: "fake" }) });
      await assert.rejects(destroy("--yes"), {
        message:
          "The provider in the state of stack canary reaches the cluster with UID eu-uid from this machine, but you chose cluster-uid: set KUBECONFIG and its current context to the cluster of the stack.",
      });
      shell.stacks({ canary: deployedBy({ kubeconfig: "/home/alice/.kube/config", context: "laptop" }) });
      await assert.rejects(
        destroy("--yes"),
        /^UserError: The provider in the state of stack canary reaches no cluster from this machine \(The kubeconfig \/home\/alice\/\.kube\/config does not exist: .*\): run pulumi up --refresh=false --stack canary once, /,
      );
      assert.deepEqual(shell.calls, []);
    } finally {
      await eu.stop();
    }
  });

  describe("without permission to list", () => {
    const routes = "/apis/gateway.networking.k8s.io/v1/namespaces/dora-apps/httproutes";
    const forbid = (collection: string) => {
      api.intercept = ({ path }) =>
        path === collection ? { status: 403, body: { message: "it is forbidden to list them" } } : undefined;
    };
    beforeEach(() => shell.stacks({ prod: stack({ web: ["stable"] }), canary: stack({ web: ["canary"] }) }));

    it("Deployments, or HTTPRoutes of a service with a gateway, fails before any change", async () => {
      api.put("/api/v1/namespaces/dora-apps/services/web-stable", { metadata: { name: "web-stable" } });
      for (const collection of ["/apis/apps/v1/namespaces/dora-apps/deployments", routes]) {
        forbid(collection);
        await assert.rejects(destroy("--yes"), /^ApiError: it is forbidden to list them/);
        assert.deepEqual(shell.calls, []);
      }
    });

    it("HTTPRoutes destroys a service without a gateway", async () => {
      forbid(routes);
      assert.equal(await destroy("--yes"), "Destroyed: prod, then canary; the records of dora-apps/web are deleted.");
    });
  });

  it("leaves a stack without services alone", async () => {
    shell.stacks({ empty: [], canary: stack({ web: ["canary"] }) });
    await destroy("--yes");
    assert.deepEqual(destroyed(), ["canary"]);
  });

  it("is refused if no stack has a service", async () => {
    shell.stacks({ empty: [] });
    await assert.rejects(destroy("--yes"), /No stack of the Pulumi project in this folder has a service/);
  });
});
