import assert from "node:assert/strict";
import { Evidence } from "../../analysis/evidence.ts";
import type { MetricSource, Sample, TargetReading } from "../../analysis/reading.ts";
import { routeSpec } from "../../components/gateway.ts";
import type { Rule } from "../../components/rule.ts";
import { gatewayMode } from "../../components/traffic.ts";
import { assess, type Evaluation } from "../../evaluation/assess.ts";
import { connect } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { changeRecord } from "../../record/record.ts";
import { type ApiObject, ApiServer } from "../fake/api-server.ts";
import { withoutSleep } from "../fake/sleep.ts";

const namespace = "dora-apps";
const servicePath = `/api/v1/namespaces/${namespace}/services/web`;
const routePath = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes/web`;

describe("looking at both tracks", () => {
  let api: ApiServer;
  let looks: number;
  let notes: string[];
  let restore: () => void;
  const { now } = Date;
  beforeEach(async () => {
    api = await ApiServer.start();
    looks = 0;
    notes = [];
    const began = now();
    // Five seconds pass from look to look.
    Date.now = () => began + looks * 5000;
    restore = withoutSleep();
    api.put(servicePath, { metadata: { name: "web", namespace }, spec: { selector: { app: "web" } } });
    for (const [name, track, release] of [
      ["web-1", "stable", "a"],
      ["web-2", "stable", "a"],
      ["web-canary-1", "canary", "b"],
    ] as const) {
      put(name, track, release);
    }
  });
  afterEach(async () => {
    restore();
    Date.now = now;
    await api.stop();
  });

  const put = (name: string, track: string, release: string, ready = "True") =>
    api.put(`/api/v1/namespaces/${namespace}/pods/${name}`, {
      metadata: { name, namespace, labels: { app: "web", track, release } },
      spec: { containers: [] },
      status: { phase: "Running", conditions: [{ type: "Ready", status: ready }] },
    });
  const route = (weight: number, rules: readonly Rule[] = []) => {
    const { backends = { stable: 100, canary: 0 } } = gatewayMode().plan(weight, 9, {});
    const compiled = { service: "web", port: 80, token: "t", rules, backends };
    api.put("/apis/gateway.networking.k8s.io/v1", { metadata: { name: "v1" } });
    api.put(routePath, {
      metadata: { name: "web", namespace, labels: { "gray-release/service": "web" } },
      spec: routeSpec({ gateways: [{ name: "public" }] }, namespace, compiled),
    } as ApiObject);
  };
  /** Every pod answers a hundred requests from look to look, all of them well. */
  const source: MetricSource = {
    describe: () => "made up",
    read: async (pods) =>
      pods.map(({ name, release }): TargetReading => {
        const ok: Sample = { id: "200", counter: { kind: "requests", code: "200" }, value: 100 * looks };
        const quick = [0.1, Infinity].map(
          (seconds): Sample => ({
            id: `le ${seconds}`,
            group: "latency",
            counter: { kind: "within", seconds },
            value: 100 * looks,
          }),
        );
        return { target: name, release, samples: [ok, ...quick] };
      }),
  };
  /** Looks until something is seen, at most so many times. */
  const lookUntil = async (seen: (evaluation: Evaluation) => boolean, most = 60): Promise<Evaluation[]> => {
    const end = new AbortController();
    const cluster = connect(findAccess({ kubeconfig: api.kubeconfig }));
    const of = { api: cluster, cluster: "cluster-uid", namespace, service: "web", deployments: {} };
    const evidence = new Evidence({ canary: "b", stable: ["a"] });
    const sights: Evaluation[] = [];
    const note = (said: string) => notes.push(said);
    for await (const evaluation of assess({ of, source, evidence, epoch: 1, signal: end.signal, note })) {
      sights.push(evaluation);
      looks++;
      if (seen(evaluation) || looks >= most) break;
    }
    end.abort();
    return sights;
  };
  const isGood = ({ assessment }: Evaluation) => assessment.verdict === "good";
  const isCut = ({ cut }: Evaluation) => cut !== undefined;

  it("finds a release without errors good", async () => {
    assert.equal((await lookUntil(isGood)).at(-1)?.assessment.verdict, "good");
  });

  it("counts nothing while canary is dark, however well it answers to those who probe it", async () => {
    api.put(servicePath, { metadata: { name: "web", namespace }, spec: { selector: { app: "web", track: "stable" } } });
    const sights = await lookUntil(isGood);
    assert.equal(sights.length, 60);
    assert.match(sights.at(-1)?.assessment.reason ?? "", /canary is dark: no user meets it/);
  });

  it("counts what users of stable's new pods meet, though canary is dark", async () => {
    api.put(servicePath, { metadata: { name: "web", namespace }, spec: { selector: { app: "web", track: "stable" } } });
    put("web-2", "stable", "b");
    assert.equal((await lookUntil(isGood)).at(-1)?.assessment.verdict, "good");
  });

  it("says of a verdict that rules choose some of the users", async () => {
    route(20, [{ to: "canary", headers: { "x-beta": "1" } }]);
    const last = (await lookUntil(isGood)).at(-1)?.assessment;
    assert.match(last?.reason ?? "", /\(rules choose some of the users, so they are no random sample\)$/);
  });

  it("cuts a canary that a gateway sends users to and that has no ready pod", async () => {
    route(20);
    put("web-canary-1", "canary", "b", "False");
    const { cut } = (await lookUntil(isCut, 10)).at(-1) as Evaluation;
    assert.equal(
      cut,
      "canary had users and no ready pod for 5 s and was cut: all users are on stable until the next pulumi up --stack canary",
    );
    assert.equal(api.objects.get(servicePath)?.spec.selector.track, "stable");
    assert.deepEqual(notes, [`Cut: ${cut}.`]);
  });

  it("says that it could not cut, and what to do", async () => {
    route(20);
    put("web-canary-1", "canary", "b", "False");
    api.intercept = ({ method }) =>
      method === "PATCH" ? { status: 403, body: { message: "services is forbidden" } } : undefined;
    const { cut } = (await lookUntil(isCut, 10)).at(-1) as Evaluation;
    assert.match(cut ?? "", /^canary had users and no ready pod for 5 s, and could not be cut \(services is forbidden/);
  });

  it("leaves the cut of a canary without a ready pod to a newer driver", async () => {
    route(20);
    put("web-canary-1", "canary", "b", "False");
    const cluster = connect(findAccess({ kubeconfig: api.kubeconfig }));
    await changeRecord(cluster, namespace, "web", "cluster-uid", (before) => ({ ...before, epoch: 2 }));
    assert.equal((await lookUntil(isCut, 10)).some(isCut), false);
    assert.equal(api.objects.get(servicePath)?.spec.selector.track, undefined);
    assert.deepEqual(notes, []);
  });

  it("leaves users on a canary without a ready pod where stable's pods are not ready any more", async () => {
    route(20);
    put("web-canary-1", "canary", "b", "False");
    api.intercept = ({ query }) => {
      if (query.get("labelSelector") !== "app=web,track=stable") return undefined;
      for (const name of ["web-1", "web-2"]) put(name, "stable", "a", "False");
      return undefined;
    };
    const { cut } = (await lookUntil(isCut, 10)).at(-1) as Evaluation;
    assert.equal(cut, "canary had users and no ready pod for 5 s, and was not cut: no pod of stable is ready");
    assert.match(notes.join(), /^No pod of stable of web is ready, so no pod would serve the users/);
    assert.equal(api.objects.get(servicePath)?.spec.selector.track, undefined);
  });

  it("says once that it cannot see who meets canary", async () => {
    route(20);
    api.intercept = ({ path }) =>
      path.endsWith("/httproutes") ? { status: 403, body: { message: "httproutes is forbidden" } } : undefined;
    await lookUntil(() => false, 5);
    assert.equal(notes.length, 1);
    assert.match(
      notes[0] ?? "",
      /^Who meets canary cannot be read \(httproutes is forbidden .*would not be noticed\.$/,
    );
  });
});
