import assert from "node:assert/strict";
import { cutOff } from "../../cutoff/cutoff.ts";
import { get, kubectl, namespace as makeNamespace } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { clusterId } from "../../live/live.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";

const [first, second] = ["objects-a", "objects-b"];

/** A program with one service of many objects, by this resource name, and with what stands below it. */
function program(resource: string, below = ""): string {
  return `
import { CanaryService } from "./components/canary-service.ts";
import type { ServiceArgs } from "./components/service-args.ts";

const described = (namespace: string): ServiceArgs => ({
  namespace,
  replicas: 1,
  weight: 50,
  minReadySeconds: 0,
  containers: [{
    name: "app", image: "${RELEASE_IMAGES.A}", ports: [{ name: "http", containerPort: 8080 }],
    readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 1 },
  }],
  ports: [{ port: 80, targetPort: "http" }],
});
const a = new CanaryService("${resource}", {
  ...described("${first}"),
  name: "web",
  configFiles: { settings: { files: { LEVEL: "info" }, env: true } },
  serviceAccount: { annotations: { "example.com/role": "web" }, automountServiceAccountToken: false },
  disruptionBudget: { minAvailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" },
  serviceSpec: {
    type: "NodePort", sessionAffinity: "ClientIP", externalTrafficPolicy: "Local", internalTrafficPolicy: "Cluster",
    ipFamilyPolicy: "PreferDualStack", trafficDistribution: "PreferClose",
  },
  services: {
    internal: { ports: [{ port: 8080, targetPort: "http" }] },
    peers: { ports: [{ port: 8080 }], pods: "all", serviceSpec: { clusterIP: "None", publishNotReadyAddresses: true } },
  },
}, { aliases: [{ name: "web" }] });
const others: CanaryService[] = [];
${below}
export const urls = [a, ...others].map(({ url }) => url);
`;
}

describe("the objects of a service, beside its pods", () => {
  let project: Project;
  const uid = async (kind: string, name: string) => (await get(first, kind, name)).metadata.uid;
  const selector = async (name: string) => (await get(first, "service", name)).spec.selector;

  before(async () => {
    for (const name of [first, second]) await makeNamespace(name);
    project = await Project.create();
    project.write("index.ts", program("web"));
    await project.mustUp("canary");
  });
  after(async () => {
    await project.end();
    for (const name of [first, second]) await kubectl(["delete", "namespace", name, "--wait=false"]);
  });

  it("are as the program describes them", async () => {
    const { spec } = (await get(first, "deployment", "web")).spec.template;
    const [source] = spec.containers[0].envFrom;
    assert.deepEqual((await get(first, "configmap", source.configMapRef.name)).data, { LEVEL: "info" });
    assert.equal(spec.serviceAccountName, "web");
    const account = await get(first, "serviceaccount", "web");
    assert.deepEqual(
      [account.metadata.annotations["example.com/role"], account.automountServiceAccountToken],
      ["web", false],
    );
    const [stable, canary] = [await get(first, "pdb", "web"), await get(first, "pdb", "web-canary")];
    assert.deepEqual([stable.spec.minAvailable, canary.spec.maxUnavailable], [1, 1]);
    const shared = (await get(first, "service", "web")).spec;
    assert.deepEqual(
      [shared.sessionAffinity, shared.externalTrafficPolicy, shared.ipFamilyPolicy, shared.trafficDistribution],
      ["ClientIP", "Local", "PreferDualStack", "PreferClose"],
    );
    assert.equal((await get(first, "service", "web-peers")).spec.clusterIP, "None");
    assert.deepEqual(await selector("web-internal"), await selector("web"));
  });

  it("follow the shared Service in a cutoff, and back with the next up, beside a service of the same name elsewhere", async () => {
    const api = connect(findAccess());
    await cutOff({ api, cluster: await clusterId(api), namespace: first, service: "web" });
    const dark = { app: "web", track: "stable" };
    assert.deepEqual(
      [await selector("web"), await selector("web-internal"), await selector("web-peers")],
      [dark, dark, { app: "web" }],
    );
    project.write(
      "index.ts",
      program("web", `others.push(new CanaryService("blue", { ...described("${second}"), name: "web" }));`),
    );
    const before = await uid("deployment", "web");
    await project.mustUp("canary");
    assert.deepEqual([await selector("web"), await selector("web-internal")], [{ app: "web" }, { app: "web" }]);
    assert.equal(await uid("deployment", "web"), before);
    const other = await get(second, "deployment", "web-canary");
    assert.equal(other.metadata.labels["gray-release/service"], "web");
  });

  it("stay if the resource is renamed with an alias", async () => {
    project.write(
      "index.ts",
      program("green", `others.push(new CanaryService("blue", { ...described("${second}"), name: "web" }));`),
    );
    const before = await uid("service", "web");
    const { output } = await project.mustUp("canary");
    // Only the stored state moves to a resource of another name.
    assert.doesNotMatch(output, /replaced|(Deployment|Service|ConfigMap) +\S+ +(created|deleted)/);
    assert.equal(await uid("service", "web"), before);
  });
});
