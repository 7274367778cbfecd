import assert from "node:assert/strict";
import { advance, nothingCounted } from "../../analysis/counters.ts";
import { podSource } from "../../analysis/providers/pods.ts";
import type { Reading } from "../../analysis/reading.ts";
import type { Tick } from "../../analysis/tick.ts";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { connect } from "../../kubernetes/client.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { listPods } from "../../live/pods.ts";
import { type Load, startLoad } from "../../sandbox/load.ts";

const namespace = "sources";

describe("the pods' own metrics, read through the API server", () => {
  let project: Project;
  let cluster: Cluster;

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 0 });
    await project.mustUp("canary");
    await project.mustUp("prod");
    project.write("config/fop-gate/fop-gate.conf", `${project.read("config/fop-gate/fop-gate.conf")}# another\n`);
    await project.mustUp("canary");
    cluster = connect(findAccess());
    await endpoints();
  });
  after(async () => {
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
  });

  /** Waits until all ten pods, and no others, get requests. */
  const endpoints = () =>
    until("10 ready endpoints behind fop-gate", async () => {
      const { items } = await get(namespace, "endpointslices", "-l", "kubernetes.io/service-name=fop-gate");
      const all = items.flatMap((slice: { endpoints?: { conditions: { ready: boolean } }[] }) => slice.endpoints ?? []);
      return all.length === 10 && all.every(({ conditions }: { conditions: { ready: boolean } }) => conditions.ready);
    });
  const load = async (duration: string): Promise<Load> => {
    const { spec } = await get(namespace, "service", "fop-gate");
    return startLoad({ url: `http://${spec.clusterIP}/`, rate: 200, duration, keepalive: false });
  };
  const look = async (): Promise<Reading> => {
    const pods = await listPods({ api: cluster, namespace, service: "fop-gate" });
    const source = podSource({ ask: cluster.stream, namespace });
    return { at: Date.now(), pods, targets: await source.read(pods, new AbortController().signal) };
  };
  const ticksOf = (readings: readonly Reading[]): Tick[] => {
    let state = nothingCounted;
    return readings.flatMap((reading) => {
      const { after, tick } = advance(state, reading);
      state = after;
      return tick ? [tick] : [];
    });
  };
  /** Requests by release. */
  const requestsIn = (ticks: readonly Tick[]) => {
    const counted: Record<string, number> = {};
    for (const { release, requests } of ticks.flatMap(({ targets }) => targets)) {
      counted[release] = Object.values(requests).reduce((sum, each) => sum + each, counted[release] ?? 0);
    }
    return counted;
  };
  /** What the load says that each release answered. */
  const answeredBy = async (running: Load) => {
    const { by, failed } = await running.totals;
    assert.equal(failed, 0);
    return Object.fromEntries(Object.entries(by).map(([who, count]) => [who.split("/")[1] as string, count]));
  };

  it("are the load's requests, release by release and to the last one", async () => {
    const before = await look();
    const answered = await answeredBy(await load("4s"));
    const [tick] = ticksOf([before, await look()]);
    assert.deepEqual(tick?.problems, []);
    assert.deepEqual(requestsIn(tick ? [tick] : []), answered);
    assert.equal(Object.keys(answered).length, 2);
    for (const { latency, requests } of tick?.targets ?? []) assert.equal(latency?.total, requests[200]);
  });

  it("take no harm from a pod that is deleted under load: nothing is counted twice, and its successor from zero", async () => {
    const readings = [await look()];
    const running = await load("8s");
    const [canary, stable] = ["canary", "stable"].map((track) => readings[0]?.pods.find((pod) => pod.track === track));
    await kubectl(["delete", "pod", "-n", namespace, stable?.name ?? "", "--wait=false"]);
    await until("the load to end", async () => {
      readings.push(await look());
      return (running.seconds.at(-1)?.at ?? 0) >= 7;
    });
    const answered = await answeredBy(running);
    await endpoints();
    readings.push(await look());
    const counted = requestsIn(ticksOf(readings));
    const [ofCanary, ofStable] = [canary?.release ?? "", stable?.release ?? ""];
    assert.equal(counted[ofCanary], answered[ofCanary]);
    // Nobody can know what a pod counted between the last look at it and its end.
    const [seen = 0, all = 0] = [counted[ofStable], answered[ofStable]];
    assert.ok(seen <= all && seen > 0.95 * all, `counted ${seen} of ${all}`);
    const names = readings.at(-1)?.targets.map(({ target }) => target);
    assert.ok(!names?.includes(stable?.name ?? "") && names?.length === 10, String(names));
  });
});
