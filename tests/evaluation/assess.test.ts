import assert from "node:assert/strict";
import { Evidence } from "../../analysis/evidence.ts";
import type { MetricSource, Sample, TargetReading } from "../../analysis/reading.ts";
import type { Rule } from "../../components/rule.ts";
import { routeSpec } from "../../components/traffic/gateway/args.ts";
import { gatewayMode } from "../../components/traffic/gateway/mode.ts";
import { assess, type Evaluation } from "../../evaluation/assess.ts";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { changeRecord } from "../../record/record-store.ts";
import { type ApiObject, ApiServer } from "../fake/api-server.ts";
import { withoutSleep } from "../fake/sleep.ts";

const namespace = "dora-apps";
const servicePath = `/api/v1/namespaces/${namespace}/services/web`;
const routePath = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes/web`;

describe("an assessment", () => {
  let api: ApiServer;
  let polls: number;
  let notes: string[];
  let restore: () => void;
  const { now } = Date;
  beforeEach(async () => {
    api = await ApiServer.start();
    polls = 0;
    notes = [];
    const began = now();
    // Five seconds pass from poll to poll.
    Date.now = () => began + polls * 5000;
    restore = withoutSleep();
    shared({ app: "web" });
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

  const shared = (selector: object) =>
    api.put(servicePath, {
      metadata: { name: "web", namespace, labels: { "gray-release/service": "web" } },
      spec: { selector },
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
  /** Every pod answers a hundred requests between two polls, all of them without errors. */
  const source: MetricSource = {
    describe: () => "made up",
    read: async (pods) =>
      pods.map(({ name, release }): TargetReading => {
        const ok: Sample = { id: "200", counter: { kind: "requests", code: "200" }, value: 100 * polls };
        const quick = [0.1, Infinity].map(
          (seconds): Sample => ({
            id: `le ${seconds}`,
            group: "latency",
            counter: { kind: "within", seconds },
            value: 100 * polls,
          }),
        );
        return { target: name, release, samples: [ok, ...quick] };
      }),
  };
  /** Polls until a condition holds, at most so many times. */
  const pollUntil = async (seen: (evaluation: Evaluation) => boolean, most = 60): Promise<Evaluation[]> => {
    const end = new AbortController();
    const cluster = connect(findAccess({ kubeconfig: api.kubeconfig }));
    const of = { api: cluster, cluster: "cluster-uid", namespace, service: "web", deployments: {} };
    const evidence = new Evidence({ canary: "b", stable: ["a"] });
    const evaluations: Evaluation[] = [];
    const note = (sentence: string) => notes.push(sentence);
    for await (const evaluation of assess({ of, source, evidence, epoch: 1, signal: end.signal, note })) {
      evaluations.push(evaluation);
      polls++;
      if (seen(evaluation) || polls >= most) break;
    }
    end.abort();
    return evaluations;
  };
  const isGood = ({ assessment }: Evaluation) => assessment.verdict === "good";
  const isCutOff = ({ cutoff }: Evaluation) => cutoff !== undefined;

  it("finds a release without errors good", async () => {
    assert.equal((await pollUntil(isGood)).at(-1)?.assessment.verdict, "good");
  });

  it("counts nothing while canary is dark, however well it answers probes", async () => {
    shared({ app: "web", track: "stable" });
    const evaluations = await pollUntil(isGood);
    assert.equal(evaluations.length, 60);
    assert.match(evaluations.at(-1)?.assessment.reason ?? "", /canary is dark: no user reaches it/);
  });

  it("counts the users of stable's new pods, although canary is dark", async () => {
    shared({ app: "web", track: "stable" });
    put("web-2", "stable", "b");
    assert.equal((await pollUntil(isGood)).at(-1)?.assessment.verdict, "good");
  });

  it("notes in the reason that rules choose some of the users", async () => {
    route(20, [{ to: "canary", headers: { "x-beta": "1" } }]);
    const last = (await pollUntil(isGood)).at(-1)?.assessment;
    assert.match(last?.reason ?? "", /\(rules choose some of the users, so they are no random sample\)$/);
  });

  it("cuts off a canary to which a gateway sends users while it has no ready pod", async () => {
    route(20);
    put("web-canary-1", "canary", "b", "False");
    const { cutoff } = (await pollUntil(isCutOff, 10)).at(-1) as Evaluation;
    assert.equal(
      cutoff,
      "canary had users but no ready pod for 5 s and was cut off: all users are on stable until the next pulumi up of the stack that owns canary",
    );
    assert.equal(api.objects.get(servicePath)?.spec.selector.track, "stable");
    assert.deepEqual(notes, [`Cut off: ${cutoff}.`]);
  });

  it("reports a failed cutoff, and what to do", async () => {
    route(20);
    put("web-canary-1", "canary", "b", "False");
    api.intercept = ({ method }) =>
      method === "PATCH" ? { status: 403, body: { message: "services is forbidden" } } : undefined;
    const { cutoff } = (await pollUntil(isCutOff, 10)).at(-1) as Evaluation;
    assert.match(
      cutoff ?? "",
      /^canary had users but no ready pod for 5 s, and could not be cut off \(services is forbidden/,
    );
  });

  it("leaves the cutoff of a canary without a ready pod to a newer driver", async () => {
    route(20);
    put("web-canary-1", "canary", "b", "False");
    const cluster = connect(findAccess({ kubeconfig: api.kubeconfig }));
    await changeRecord({ api: cluster, namespace, service: "web", cluster: "cluster-uid" }, (before) => ({
      ...before,
      epoch: 2,
    }));
    assert.equal((await pollUntil(isCutOff, 10)).some(isCutOff), false);
    assert.equal(api.objects.get(servicePath)?.spec.selector.track, undefined);
    assert.deepEqual(notes, []);
  });

  it("leaves users on a canary without a ready pod if stable has no ready pod either", async () => {
    route(20);
    put("web-canary-1", "canary", "b", "False");
    api.intercept = ({ query }) => {
      if (query.get("labelSelector") !== "app=web,track=stable") return undefined;
      for (const name of ["web-1", "web-2"]) put(name, "stable", "a", "False");
      return undefined;
    };
    const { cutoff } = (await pollUntil(isCutOff, 10)).at(-1) as Evaluation;
    assert.equal(cutoff, "canary had users but no ready pod for 5 s, and was not cut off: no pod of stable is ready");
    assert.match(notes.join(), /^Canary of web is not cut off, because no pod of stable is ready/);
    assert.equal(api.objects.get(servicePath)?.spec.selector.track, undefined);
  });

  it("reports once that it cannot read the front", async () => {
    route(20);
    api.intercept = ({ path }) =>
      path.endsWith("/httproutes") ? { status: 403, body: { message: "httproutes is forbidden" } } : undefined;
    await pollUntil(() => false, 5);
    assert.equal(notes.length, 1);
    assert.match(
      notes[0] ?? "",
      /^The Service or the HTTPRoutes cannot be read \(httproutes is forbidden .*would not notice users on a canary without a ready pod: grant/,
    );
  });
});
