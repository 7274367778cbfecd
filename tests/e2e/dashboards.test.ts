import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { dump } from "js-yaml";
import { Evidence } from "../../analysis/evidence.ts";
import type { Tick } from "../../analysis/tick.ts";
import { type Assessment, judge } from "../../analysis/verdict.ts";
import { get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { exporter } from "../../observability/exporter.ts";
import { dashboard } from "../../observability/grafana/dashboard.ts";
import { CHOICES, queries } from "../../observability/grafana/queries.ts";
import { rules } from "../../observability/grafana/rules.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { type Load, type Second, startLoad } from "../../sandbox/load.ts";
import { readOwner } from "../../sandbox/owner.ts";
import { places } from "../../sandbox/places.ts";
import { type Prometheus, startPrometheus } from "../../sandbox/prometheus.ts";

const namespace = "dashboards";
const rate = 200;
/** What Grafana puts in for the variables. */
const VARIABLES: Record<string, string> = {
  $namespace: namespace,
  $service: "fop-gate",
  $stream: "5xx",
  $__rate_interval: "20s",
};

type Labels = Record<string, string>;
interface Series {
  readonly metric: Labels;
  readonly value: [number, string];
}

describe("the dashboard and the rules on a real Prometheus", () => {
  let project: Project;
  let prometheus: Prometheus;
  const exposed: Record<string, Exposed> = {};
  let load: Load;
  let bad: string;
  /** All tracks have been scraped since then, in seconds since the epoch. */
  let since: number;
  /** The load has run for the rules' whole window then. */
  let then: number;

  const answer = async (path: string, parameters: Labels = {}) => {
    const reply = await fetch(`${prometheus.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const body = (await reply.json()) as { status: string; data: unknown; error?: string };
    assert.equal(body.status, "success", `${path} ${parameters.query ?? ""}: ${body.error}`);
    return body.data;
  };
  const ask = async (query: string, time = then): Promise<Series[]> =>
    ((await answer("query", { query, time: String(time) })) as { result: Series[] }).result;
  /** The values of a query by a label of its series. */
  const valuesBy = async (label: string, query: string): Promise<Record<string, number>> =>
    Object.fromEntries((await ask(query)).map(({ metric, value }) => [metric[label] ?? "", Number(value[1])]));
  const all = queries({
    pods: `namespace="${namespace}",app="fop-gate"`,
    gray: `namespace="${namespace}",service="fop-gate"`,
    window: "20s",
    stream: "5xx",
  });

  before(async function () {
    // Prometheus is built here on the first run.
    this.timeout(30 * 60_000);
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 0 });
    await project.mustUp("canary");
    await project.mustUp("prod");
    const services: Record<string, Seen> = {
      "fop-gate": { ticks: 60, errors: 1, weight: 10, age: 0 },
      // Its canary gets no request.
      quiet: { ticks: 5, errors: 0, weight: 10, age: 0 },
      // Its observer stopped reading.
      silent: { ticks: 5, errors: 0, weight: 0, age: 100 },
    };
    for (const [service, seen] of Object.entries(services)) exposed[service] = await expose(service, seen);
    const targets = Object.values(exposed).map(({ target }) => target);
    prometheus = await startPrometheus({ namespace, rules: impatientRules(), targets });
    await until("all pods are scraped", async () => {
      const [up] = await ask('count(up{track!=""} == 1)', Date.now() / 1000);
      return up?.value[1] === "10";
    });
    since = Date.now() / 1000;

    project.share({ image: RELEASE_IMAGES.bad });
    await project.mustUp("canary");
    bad = await project.release("canary", `${namespace}/fop-gate`);
    const { spec } = await get(namespace, "service", "fop-gate");
    load = await startLoad({ url: `http://${spec.clusterIP}/`, rate, duration: "10m", keepalive: false });
    await until("the load has run for a minute", async () => load.seconds.length >= 63);
    then = Date.now() / 1000 - 1;
  });
  after(async () => {
    await load?.stop();
    await prometheus?.stop();
    for (const each of Object.values(exposed)) await each.end();
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project?.forget();
  });

  it("are taken by Prometheus without a complaint", async () => {
    type Group = { name: string; rules: { name: string; health: string; lastError?: string }[] };
    const groups = await until("every rule has been evaluated", async () => {
      const { groups } = (await answer("rules")) as { groups: Group[] };
      return groups.every((group) => group.rules.every(({ health }) => health !== "unknown")) && groups;
    });
    const taken = groups.flatMap((group) => group.rules.map(({ name, health }) => `${group.name} ${name} ${health}`));
    const given = rules().groups.flatMap((group) =>
      group.rules.map((rule) => `${group.name} ${"record" in rule ? rule.record : rule.alert} ok`),
    );
    assert.deepEqual(taken.sort(), given.sort());
  });

  it("are refused by Prometheus when a rule is wrong, and it says why", async () => {
    const wrong = dump({ groups: [{ name: "wrong", rules: [{ record: "wrong", expr: "sum(" }] }] });
    await assert.rejects(
      startPrometheus({ namespace, rules: wrong }),
      /prometheus-of-tests has ended.*wrong.*parse error: unclosed left parenthesis/s,
    );
  });

  it("get an answer to every expression", async () => {
    const model = dashboard();
    const drawn = (model.panels ?? [])
      .filter((panel): panel is Panel => panel.type !== "row")
      .flatMap((panel) => (panel.targets ?? []).map((target) => (target as { expr?: string }).expr ?? ""))
      .map((expr) => expr.replace(/\$\w+/g, (name) => VARIABLES[name] ?? assert.fail(name)));
    const ruled = rules().groups.flatMap((group) => group.rules.map(({ expr }) => expr));
    for (const expr of [...drawn, ...ruled]) assert.notEqual((await ask(expr)).length, 0, expr);
    assert.ok(drawn.length > 0);
  });

  it("offer the services and streams to choose from", async () => {
    for (const [name, wanted] of [
      ["namespace", namespace],
      ["service", "fop-gate"],
      ["stream", "5xx"],
    ] as const) {
      const { selector, label } = CHOICES[name];
      const match = selector.replace(/\$\w+/g, (variable) => VARIABLES[variable] ?? "");
      assert.ok(((await answer(`label/${label}/values`, { "match[]": match })) as string[]).includes(wanted), name);
    }
  });

  it("show as TPS2XX and TPS5XX what the load was answered", async () => {
    const last = load.seconds.slice(-21, -1);
    const seen = (status: string) => sum(last, (second) => second.status[status] ?? 0) / last.length;
    const tps2xx = await valuesBy("track", all.tps2xx);
    const tps5xx = await valuesBy("track", all.tps5xx);
    assert.deepEqual(Object.keys(tps2xx).sort(), ["canary", "stable"]);
    near(total(tps2xx), seen("200"), 0.1 * rate);
    near(total(tps2xx) + total(tps5xx), rate, 0.1 * rate);
    assert.equal(tps5xx.stable, 0);
    near(tps5xx.canary, seen("500"), 0.6);
  });

  it("record over a minute what the load was answered, and 5 % errors on canary only", async () => {
    const last = load.seconds.slice(-61, -1);
    const canary = sum(last, ({ by }) => by[`canary/${bad}`] ?? 0);
    const errors = sum(last, ({ status }) => status["500"] ?? 0);
    const ratio = await valuesBy("track", "track:gray_error_ratio:rate1m");
    assert.equal(ratio.stable, 0);
    near(ratio.canary, errors / canary, 0.015);
    // Five standard deviations of 1 200 draws are 3 points.
    near(ratio.canary, 0.05, 0.03);
    near(total(await valuesBy("track", "track:gray_tps2xx:rate1m")), rate - errors / last.length, 0.1 * rate);
    near(total(await valuesBy("track", "track:gray_tps5xx:rate1m")), errors / last.length, 0.3);
  });

  it("show how long answers take, and canary's share of them", async () => {
    const [p50, p99] = [await valuesBy("track", all.latencyP50), await valuesBy("track", all.latencyP99)];
    for (const track of ["stable", "canary"]) {
      const [half, most] = [p50[track] ?? 0, p99[track] ?? 0];
      assert.ok(half > 0 && half <= most && most < 5, `${track}: ${half} ${most}`);
    }
    const share = await valuesBy("app", all.canaryShare);
    // 1 of 10 endpoints, chosen at random: five standard deviations of 4 000 draws are 2.4 points.
    near(share["fop-gate"], 10, 2.5);
    assert.deepEqual(await valuesBy("track", all.pods), { stable: 9, canary: 1 });
  });

  it("show what gray exposes, against the line 1/alpha", async () => {
    const { verdict, logWorse } = exposed["fop-gate"]?.assessment ?? assert.fail();
    assert.equal(verdict, "bad");
    const only = async (query: string) => {
      const [one, ...others] = await ask(query);
      assert.deepEqual(others, [], query);
      return Number(one?.value[1]);
    };
    const evidence = await only(all.evidenceBad);
    near(evidence, logWorse / Math.LN10, 1e-6);
    assert.equal(await only(all.convictionLine), 2);
    assert.ok(evidence > 2);
    const [lower, ratio, upper] = [
      await only(all.rateRatioLower),
      await only(all.rateRatio),
      await only(all.rateRatioUpper),
    ];
    assert.ok(1 < lower && lower < ratio && ratio < upper, `${lower} ${ratio} ${upper}`);
    assert.deepEqual(await valuesBy("verdict", all.verdict), { bad: 1 });
    assert.deepEqual(await valuesBy("arm", all.requestsSeen), { canary: 1200, stable: 10800 });
    const [age] = await ask(all.readingAge);
    near(Number(age?.value[1]), 0, 5);
  });

  it("mark when a track gets another release, and only then", async () => {
    const marks = await ask(all.newRelease, since + 61);
    assert.deepEqual(
      marks.map(({ metric }) => [metric.track, metric.release]),
      [["canary", bad]],
    );
  });

  it("alert on each trouble, and only where it is", async () => {
    type Alert = { labels: Labels; state: string };
    const { alerts } = (await answer("alerts")) as { alerts: Alert[] };
    const firing = alerts.map(({ labels, state }) => {
      return `${labels.alertname} ${labels.service ?? `${labels.app} ${labels.track}`} ${state}`;
    });
    assert.deepEqual(firing.sort(), [
      "GrayCanaryConvicted fop-gate firing",
      "GrayCanaryNoData quiet firing",
      "GrayErrorRatioOverSlo fop-gate canary firing",
      "GrayObserverSilent silent firing",
      "GrayRolloutHolds fop-gate firing",
    ]);
  });
});

/** The rules as they are, but nobody waits for an alert. */
function impatientRules(): string {
  const { groups } = rules();
  return dump({
    groups: groups.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => ("alert" in rule ? { ...rule, for: "0s" } : rule)),
    })),
  });
}

/** An exporter as `gray verify --metrics-port` opens it, where Prometheus can reach it. */
interface Exposed {
  /** As seen from inside the sandbox. */
  readonly target: string;
  readonly assessment: Assessment;
  end(): Promise<void>;
}

/** What was seen of a service: one tick a second, until `age` seconds ago, and on from now if that is 0. */
interface Seen {
  readonly ticks: number;
  /** Canary's 5xx a tick, of 20 requests; stable's is 1 of 180. */
  readonly errors: number;
  readonly weight: number;
  readonly age: number;
}

async function expose(service: string, { ticks, errors, weight, age }: Seen): Promise<Exposed> {
  const evidence = new Evidence({ canary: "b2", stable: ["a1"] });
  const last = Date.now() - age * 1000;
  for (let at = 1; at <= ticks; at++) {
    evidence.observe(tick(last - (ticks - at) * 1000, [20 - errors, errors], [179, 1]));
  }
  const assessment = judge(evidence, last);
  const gray = await exporter(service, namespace, { host: "127.0.0.1", port: 0 });
  const steps = [{ stage: "full" as const, approval: true, watch: 0 }];
  // One of them waits for a person.
  if (weight > 0) gray.showRollout({ release: "b2", from: "a1", steps, step: 0 }, service === "fop-gate");
  // It listens on loopback, which is another one inside the sandbox.
  const relay = createServer(async (_, reply) => {
    if (age === 0) evidence.observe(tick(Date.now(), [0, 0], [0, 0]));
    gray.show(evidence, judge(evidence, Date.now()), weight);
    const answer = await fetch(gray.url);
    reply.setHeader("content-type", answer.headers.get("content-type") ?? "");
    reply.end(await answer.text());
  });
  const host = readOwner(places())?.link.host ?? assert.fail("there is no sandbox");
  await new Promise<void>((listening) => relay.listen(0, host, listening));
  return {
    target: `${host}:${(relay.address() as AddressInfo).port}`,
    assessment,
    async end() {
      relay.close();
      relay.closeAllConnections();
      await gray.end();
    },
  };
}

type Answered = readonly [ok: number, failed: number];

function tick(at: number, canary: Answered, stable: Answered): Tick {
  const target = (name: string, release: string, [ok, failed]: Answered) => {
    return { target: name, release, pod: true, requests: { "200": ok, "500": failed }, pairs: {} };
  };
  return {
    at,
    seconds: 1,
    targets: [target("canary", "b2", canary), target("stable", "a1", stable)],
    pods: [],
    problems: [],
  };
}

function sum(seconds: readonly Second[], count: (second: Second) => number): number {
  return seconds.reduce((all, second) => all + count(second), 0);
}

function total(values: Record<string, number>): number {
  return Object.values(values).reduce((all, value) => all + value, 0);
}

function near(actual: number | undefined, expected: number, tolerance: number): void {
  assert.ok(
    actual !== undefined && Math.abs(actual - expected) <= tolerance,
    `${actual} is not within ${tolerance} of ${expected}`,
  );
}
