/** How long users wait for a cut while half of the API server's answers fail. Needs no cluster. */
import { setTimeout as sleep } from "node:timers/promises";
import { cutOffNow } from "../cutoff/cutoff.ts";
import { connect } from "../kubernetes/client.ts";
import { findAccess } from "../kubernetes/kubeconfig.ts";
import { untilCutOff } from "../rollout/user-cutoff.ts";
import { ApiServer } from "../tests/fake/api-server.ts";
import { compared, type Figure } from "./figure.ts";

const namespace = "shop";
const service = `/api/v1/namespaces/${namespace}/services/web`;
const runs = 60;

/** Milliseconds from the decision until the last user has left canary, in a server whose answers fail by chance. */
async function cuts(failing: number): Promise<number[]> {
  const api = await ApiServer.start({ namespace, hasConnections: true });
  api.put(`/api/v1/namespaces/${namespace}/pods/web-1`, {
    metadata: { name: "web-1", labels: { app: "web", track: "stable" } },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  });
  const cluster = connect(findAccess({ kubeconfig: api.kubeconfig }));
  const of = { api: cluster, cluster: "cluster-uid", namespace, service: "web" };
  api.intercept = () =>
    Math.random() < failing ? { status: 500, body: { message: "failed calling webhook" } } : undefined;
  const taken: number[] = [];
  for (let run = 0; run < runs; run++) {
    api.put(service, {
      metadata: { name: "web", namespace, labels: { "gray-release/service": "web" } },
      spec: { selector: { app: "web" } },
    });
    const begun = performance.now();
    const over = untilCutOff(
      () => cutOffNow(of, () => {}),
      () => {},
    );
    while (api.objects.get(service)?.spec.selector.track !== "stable") await sleep(1);
    taken.push(performance.now() - begun);
    await over;
  }
  await api.stop();
  return taken;
}

export async function cutsUnderFailure(): Promise<Figure[]> {
  await cuts(0);
  const usual = await cuts(0);
  const failing = await cuts(0.5);
  return [compared("a cut, half of the answers fail / none", failing, usual, { unit: "ms", most: 3, digits: 0 })];
}
