import assert from "node:assert/strict";
import { followed } from "../../components/following.ts";
import { apply, get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { startLoad } from "../../sandbox/load.ts";
import { startMetricsServer } from "../../sandbox/metrics-server.ts";

const namespace = "autoscaling";

/** A service whose pods ask for so little CPU that a few hundred requests a second are a load. */
function program(image: string, size: string): string {
  return `
import { CanaryService } from "./components/canary-service.ts";

const web = new CanaryService("web", {
  namespace: "${namespace}",
  ${size},
  weight: 25,
  minReadySeconds: 0,
  containers: [{
    name: "app", image: "${image}", ports: [{ name: "http", containerPort: 8080 }],
    resources: { requests: { cpu: "5m" } },
    readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 5 },
  }],
  ports: [{ port: 80, targetPort: "http" }],
  plan: { steps: [{ stage: "canary", weight: 25, atLeast: 900, atMost: 1000 }, { stage: "full" }] },
});
export const releases = { [web.key]: web.stackState };
`;
}

const byCpu = `autoscaling: {
    minReplicas: 3, maxReplicas: 9, cpu: "60%",
    behavior: { scaleDown: { stabilizationWindowSeconds: 20, policies: [{ type: "Pods", value: 9, periodSeconds: 15 }] } },
  }`;

/** The definition of KEDA's ScaledObject, as far as the API server needs one to keep an object. */
const scaledObjects = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "scaledobjects.keda.sh" },
  spec: {
    group: "keda.sh",
    names: { kind: "ScaledObject", listKind: "ScaledObjectList", plural: "scaledobjects", singular: "scaledobject" },
    scope: "Namespaced",
    versions: [
      {
        name: "v1alpha1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};

describe("a service with an autoscaler", function () {
  this.timeout(300_000);
  let project: Project;
  let metrics: Awaited<ReturnType<typeof startMetricsServer>>;
  const pods = async (name: string): Promise<number> => (await get(namespace, "deployment", name)).spec.replicas;
  const autoscalers = async () =>
    (await get(namespace, "horizontalpodautoscalers")).items.map(
      ({ metadata }: { metadata: { name: string } }) => metadata.name,
    );

  before(async () => {
    metrics = await startMetricsServer();
    await makeNamespace(namespace);
    project = await Project.create();
    project.write("index.ts", program(RELEASE_IMAGES.A, "replicas: 3"));
    await project.mustUp("canary");
  });
  after(async () => {
    await project.end();
    await metrics.stop();
    await kubectl(["delete", "crd", "scaledobjects.keda.sh", "--ignore-not-found"]);
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  it("keeps stable's live number in the up that adds the autoscaler", async () => {
    await kubectl(["scale", "deployment", "web", "-n", namespace, "--replicas=4"]);
    project.write("index.ts", program(RELEASE_IMAGES.A, byCpu));
    await project.mustUp("canary");
    assert.equal(await pods("web"), 4);
    assert.deepEqual(await autoscalers(), ["web"]);
    const { code, output } = await project.preview("canary", "--expect-no-changes");
    assert.equal(code, 0, output);
  });

  it("has a canary that follows stable under a changing load while a step lasts", async () => {
    project.write("index.ts", program(RELEASE_IMAGES.B, byCpu));
    const rollout = project.startGray(["rollout", "-n", namespace]);
    const open = async () => JSON.parse((await get(namespace, "configmap", "web-rollout")).data.record).open;
    await until("canary serves", async () => (await open())?.stepStartedAt !== undefined);
    const { spec } = await get(namespace, "service", "web");
    const users = await startLoad({ url: `http://${spec.clusterIP}/`, rate: 500, duration: "5m" });
    await until("stable grows", async () => (await pods("web")) >= 6, 150);
    const fits = async () => {
      const [stable, canary] = [await pods("web"), await pods("web-canary")];
      return canary >= 2 && followed({ mode: "replicas" }, 25, stable, canary).canaryReplicas === canary;
    };
    await until("canary grows with it", fits, 30);
    const up = await project.up("canary");
    assert.equal(up.code, 0, up.output);
    assert.ok((await pods("web")) >= 6 && (await pods("web-canary")) >= 2);
    await users.stop();
    await until("stable shrinks", async () => (await pods("web")) === 3, 150);
    await until("canary shrinks with it", async () => (await pods("web-canary")) === 1, 30);
    const { code, output } = await project.gray("abort", "-n", namespace, "--reason", "the test is over");
    assert.equal(code, 0, output);
    assert.match((await rollout.ended).output, /Canary has [23] pods now, because stable was scaled to [6-9]\./);
  });

  it("keeps stable's live number in the up that removes the autoscaler", async () => {
    await kubectl(["patch", "hpa", "web", "-n", namespace, "--type=merge", "-p", '{"spec":{"minReplicas":5}}']);
    await until("stable has the new least number", async () => (await pods("web")) === 5, 40);
    project.write("index.ts", program(RELEASE_IMAGES.A, "replicas: 3"));
    const { output } = await project.mustUp("canary");
    assert.match(output, /stable keeps its 5 pods in this up/);
    assert.deepEqual([await pods("web"), await autoscalers()], [5, []]);
    await project.mustUp("canary");
    assert.equal(await pods("web"), 3);
  });

  it("may have a ScaledObject of KEDA, if the cluster has KEDA", async () => {
    const keda = `autoscaling: { keda: { maxReplicaCount: 6, pollingInterval: 5, triggers: [{ type: "cron", metadata: { timezone: "UTC" } }] } }`;
    project.write("index.ts", program(RELEASE_IMAGES.A, keda));
    const without = await project.up("canary");
    assert.match(without.output, /web: the cluster has no KEDA \(keda\.sh\/v1alpha1\)/);
    await apply(scaledObjects);
    await kubectl(["wait", "--for=condition=Established", "crd/scaledobjects.keda.sh"]);
    await project.mustUp("canary");
    const { spec, metadata } = await get(namespace, "scaledobjects.keda.sh", "web");
    assert.deepEqual([spec.scaleTargetRef.name, spec.minReplicaCount, spec.maxReplicaCount], ["web", 1, 6]);
    assert.match(metadata.annotations["gray-release/owner"], /^[0-9a-f]{16}$/);
    assert.equal(await pods("web"), 3);
  });
});
