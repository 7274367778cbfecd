import assert from "node:assert/strict";
import type { ServiceArgs } from "../../components/service-args.ts";
import { UserError } from "../../components/user-error.ts";
import { assertAutoscalable, removesAutoscaler } from "../../gate/autoscaler.ts";
import type { Live } from "../../live/live.ts";
import { serviceArgs } from "../components/fop-gate.ts";
import { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";

const namespace = "dora-apps";
const horizontal = `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`;
const scaledObjects = `/apis/keda.sh/v1alpha1/namespaces/${namespace}/scaledobjects`;
const ours = { "gray-release/service": "web" };

describe("the autoscaler of stable in the cluster", () => {
  let api: ApiServer;
  beforeEach(async () => {
    api = await ApiServer.start({ namespace });
  });
  afterEach(() => api.stop());

  const of = () => ({ api: direct(api), namespace, service: "web" });
  const put = (name: string, labels: Record<string, string> = {}, target = "web", kind = "Deployment") =>
    api.put(`${horizontal}/${name}`, {
      metadata: { name, labels },
      spec: { scaleTargetRef: { kind, name: target } },
    });
  const args = (changes: Partial<ServiceArgs> = {}) => serviceArgs({ autoscaling: { maxReplicas: 5 }, ...changes });
  const keda = { keda: { triggers: [{ type: "cron" }] } };
  const live = (replicas?: number) =>
    ({ deployments: replicas === undefined ? {} : { stable: { spec: { replicas } } } }) as unknown as Live;
  const forbid = () => {
    api.intercept = ({ path }) =>
      path.includes("autoscal") || path.includes("keda") ? { status: 403, body: { message: "forbidden" } } : undefined;
  };
  const taken = (name: string) =>
    new UserError(
      `web: HorizontalPodAutoscaler ${name} in namespace ${namespace} already scales Deployment web, and two autoscalers overwrite each other: remove it right before this up, which keeps the number of pods, or set replicas: "external" in place of autoscaling.`,
    );

  it("can be made if there is none", async () => {
    put("shop", {}, "shop");
    put("web-jobs", {}, "web", "StatefulSet");
    await assertAutoscalable(of(), args(), live());
  });

  it("can be made again if it is the service's own", async () => {
    put("web", ours);
    await assertAutoscalable(of(), args(), live());
  });

  it("takes over the one that is being adopted, and no other beside it", async () => {
    put("web");
    const beside = { kind: "HorizontalPodAutoscaler", name: "web", argument: "autoscaling", spec: {} };
    const adopting = (labels: object) =>
      ({ ...live(), beside: [{ ...beside, metadata: { name: "web", labels } }] }) as unknown as Live;
    await assertAutoscalable(of(), args(), adopting(ours));
    await assert.rejects(assertAutoscalable(of(), args(), adopting({})), taken("web"));
    put("web-cpu");
    await assert.rejects(assertAutoscalable(of(), args(), adopting(ours)), taken("web-cpu"));
  });

  it("can be made beside the one that KEDA makes for the service's own ScaledObject, and for no other", async () => {
    put("keda-hpa-web");
    await assert.rejects(assertAutoscalable(of(), args(), live()), taken("keda-hpa-web"));
    api.put("/apis/keda.sh/v1alpha1", { metadata: { name: "v1alpha1" } });
    const scaled = `/apis/keda.sh/v1alpha1/namespaces/${namespace}/scaledobjects/web`;
    api.put(scaled, { metadata: { name: "web" }, spec: {} });
    await assert.rejects(assertAutoscalable(of(), args({ autoscaling: keda }), live()), taken("keda-hpa-web"));
    api.put(scaled, { metadata: { name: "web", labels: ours }, spec: {} });
    await assertAutoscalable(of(), args(), live());
    await assertAutoscalable(of(), args({ autoscaling: keda }), live());
  });

  for (const name of ["web", "web-cpu"]) {
    it(`is refused beside ${name} of another maker`, async () => {
      put(name);
      await assert.rejects(assertAutoscalable(of(), args(), live()), taken(name));
      await assertAutoscalable(of(), args({ tracks: ["canary"] }), live());
      await assertAutoscalable(of(), serviceArgs({ replicas: "external" }), live());
    });
  }

  it("is refused without KEDA if it is a ScaledObject", async () => {
    await assert.rejects(
      assertAutoscalable(of(), args({ autoscaling: keda }), live()),
      new UserError(
        "web: the cluster has no KEDA (keda.sh/v1alpha1): install it, or describe a HorizontalPodAutoscaler in autoscaling.",
      ),
    );
  });

  it("is not refused if other autoscalers may not be read", async () => {
    put("web-cpu");
    forbid();
    await assertAutoscalable(of(), args(), live());
  });

  it("is removed by a program that sets the number itself", async () => {
    assert.equal(await removesAutoscaler(of(), serviceArgs(), live(5)), false);
    put("web", ours);
    assert.equal(await removesAutoscaler(of(), serviceArgs(), live(5)), true);
    api.objects.delete(`${horizontal}/web`);
    api.put("/apis/keda.sh/v1alpha1", { metadata: { name: "v1alpha1" } });
    assert.equal(await removesAutoscaler(of(), serviceArgs(), live(5)), false);
    api.put(`${scaledObjects}/web`, { metadata: { name: "web", labels: ours } });
    assert.equal(await removesAutoscaler(of(), serviceArgs(), live(5)), true);
  });

  it("is not asked for if nothing can change by that", async () => {
    put("web", ours);
    api.requests.length = 0;
    assert.equal(await removesAutoscaler(of(), serviceArgs(), live(9)), false);
    assert.equal(await removesAutoscaler(of(), serviceArgs(), live()), false);
    assert.equal(await removesAutoscaler(of(), serviceArgs({ tracks: ["canary"] }), live(5)), false);
    assert.equal(await removesAutoscaler(of(), serviceArgs({ replicas: "external" }), live(5)), false);
    assert.equal(await removesAutoscaler(of(), args(), live(5)), false);
    assert.deepEqual(api.requests, []);
  });

  it("is not removed if it is of another maker, or may not be read", async () => {
    put("web");
    assert.equal(await removesAutoscaler(of(), serviceArgs(), live(5)), false);
    put("web", ours);
    forbid();
    assert.equal(await removesAutoscaler(of(), serviceArgs(), live(5)), false);
  });
});
