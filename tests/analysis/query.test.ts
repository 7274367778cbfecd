import assert from "node:assert/strict";
import { envoyGateway } from "../../analysis/providers/envoy-gateway.ts";
import type { Series } from "../../analysis/providers/exposition.ts";
import { ingressNginx } from "../../analysis/providers/ingress-nginx.ts";
import { istio } from "../../analysis/providers/istio.ts";
import { ownMetrics } from "../../analysis/providers/own-metrics.ts";
import { promQl, type Query } from "../../analysis/providers/query.ts";
import { targetsOf } from "../../analysis/providers/targets.ts";
import { traefik } from "../../analysis/providers/traefik.ts";
import { backendName, deploymentName } from "../../components/names.ts";
import { pod } from "./reading.ts";

const namespace = "dora-apps";
const ofTracks = (nameOf: typeof backendName) => ({
  stable: nameOf("fop-gate", "stable"),
  canary: nameOf("fop-gate", "canary"),
});
const backends = ofTracks(backendName);
const workloads = ofTracks(deploymentName);
const [a, b] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"];
const pods = [
  pod("fop-gate-stable-1", { release: a, track: "stable" }),
  pod("fop-gate-stable-2", { release: a, track: "stable" }),
  pod("fop-gate-canary-1", { release: b, track: "canary" }),
];

const series = (name: string, labels: Record<string, string>, value: number): Series => ({
  name,
  labels,
  value,
  at: 1000,
});

/** Targets as plain objects: name, release, counts and problem. */
const seen = (query: Query, found: readonly Series[], of = pods, at = 1000) =>
  targetsOf(query, found, of, { at, seconds: 120 }).map(({ target, release, samples, problem }) => ({
    target,
    release,
    counted: samples?.map(({ counter, value }) => [...Object.values(counter).slice(1), value].join(": ")),
    ...(problem !== undefined && { problem }),
  }));

describe("the PromQL of a query", () => {
  const metrics = { requests: "http_requests_total" };

  it("is one selector of raw samples for all series, so that they come together or not at all", () => {
    assert.equal(
      promQl(ownMetrics({ namespace, metrics, labels: { cluster: 'eu "1"' } }), pods.slice(0, 2), 90),
      '{__name__=~"http_requests_total|http_request_duration_seconds_bucket|http_request_duration_seconds_count",' +
        'namespace="dora-apps",pod=~"fop-gate-stable-1|fop-gate-stable-2",cluster="eu \\"1\\""}[90s]',
    );
  });

  it("matches names literally, including dots", () => {
    assert.match(promQl(ownMetrics({ namespace }), [pod("web.1")], 60), /,pod=~"web\\\\\.1"}\[60s\]$/);
  });

  it("never contains a rate, because rates extrapolate and their windows overlap", () => {
    for (const query of [ownMetrics({ namespace }), ...gateways.map((each) => each.query)]) {
      assert.match(promQl(query, pods, 60), /^\{__name__=~"[^{}]*\}\[60s\]$/);
    }
  });
});

describe("the pods' own metrics in Prometheus", () => {
  const query = ownMetrics({ namespace, metrics: { latency: false } });
  const requests = (name: string, code: string, value: number, labels = {}) =>
    series(
      "http_requests_total",
      { pod: name, namespace: "dora-apps", instance: "10.0.0.1:8080", job: "apps", code, ...labels },
      value,
    );

  it("belong to the pod in their labels, and so to its release", () => {
    assert.deepEqual(
      seen(query, [
        requests("fop-gate-stable-1", "200", 90),
        requests("fop-gate-canary-1", "200", 9),
        requests("fop-gate-canary-1", "500", 1),
        requests("fop-gate-stable-2", "200", 80),
        requests("another", "500", 99),
      ]),
      [
        { target: "fop-gate-stable-1", release: a, counted: ["200: 90"] },
        { target: "fop-gate-stable-2", release: a, counted: ["200: 80"] },
        { target: "fop-gate-canary-1", release: b, counted: ["200: 9", "500: 1"] },
      ],
    );
  });

  it("are a problem, and not zero, of a pod that Prometheus has not scraped recently", () => {
    assert.deepEqual(seen(query, [requests("fop-gate-canary-1", "200", 9)], [pods[0], pods[2]] as typeof pods), [
      {
        target: "fop-gate-stable-1",
        release: a,
        counted: undefined,
        problem:
          "Prometheus has no http_requests_total or another usual counter of requests of fop-gate-stable-1 from the last 120 s.",
      },
      { target: "fop-gate-canary-1", release: b, counted: ["200: 9"] },
    ]);
  });

  it("are a problem if two jobs scrape the same pod, because every request would count twice", () => {
    const twice = [
      requests("fop-gate-canary-1", "200", 9),
      requests("fop-gate-canary-1", "200", 9, { job: "again", instance: "10.0.0.1:9102" }),
    ];
    const [target] = seen(query, twice, [pods[2]] as typeof pods);
    assert.equal(target?.counted, undefined);
    assert.match(target?.problem ?? "", /twice: is it scraped by two jobs\? Select one with --label job=<name>\.$/);
  });

  it("may count the probes of the kubelet too, unless a label leaves such requests out", () => {
    const probed = [pod("fop-gate-canary-1", { release: b, track: "canary", probes: [0.1] })];
    const found = [requests("fop-gate-canary-1", "200", 9)];
    const routine = (of: Query, series: readonly Series[] = found) =>
      targetsOf(of, series, probed, { at: 1000, seconds: 120 }).map((each) => each.routine);
    assert.deepEqual(routine(query), [{ perReading: 0, perSecond: [0.1] }]);
    assert.deepEqual(routine({ ...query, metrics: { without: { path: ["/healthz"] } } }), [undefined]);
    assert.deepEqual(routine(query, []), [undefined]);
    const bySidecar = series(
      "istio_requests_total",
      { destination_workload: workloads.canary, response_code: "200", pod: "fop-gate-canary-1" },
      9,
    );
    assert.deepEqual(routine(istio({ namespace, workloads }), [bySidecar]), [undefined]);
  });

  it("belong to two processes if a pod is scraped on two ports, which may restart separately", () => {
    const [target] = targetsOf(
      query,
      [
        requests("fop-gate-canary-1", "200", 9, { container: "fop-gate" }),
        requests("fop-gate-canary-1", "200", 7, { container: "proxy", instance: "10.0.0.1:15090" }),
      ],
      [pods[2]] as typeof pods,
      { at: 1000, seconds: 120 },
    );
    assert.deepEqual(
      target?.samples?.map(({ process }) => process),
      ["10.0.0.1:8080", "10.0.0.1:15090"],
    );
  });
});

/** Two requests to each track, in the series of each gateway. */
const gateways: { name: string; query: Query; stable: Series; canary: Series; others: Series[]; edge: Series[] }[] = [
  {
    name: "Traefik",
    query: traefik({ namespace, backends }),
    stable: series(
      "traefik_service_requests_total",
      { service: `dora-apps-${backends.stable}-80@kubernetesgateway`, code: "200", method: "GET" },
      18,
    ),
    canary: series(
      "traefik_service_requests_total",
      { service: `dora-apps-${backends.canary}-http-80@kubernetesgateway`, code: "500", method: "GET" },
      2,
    ),
    others: [
      series(
        "traefik_service_requests_total",
        { service: "dora-apps-fop-gate-canary-admin-80@kubernetesgateway", code: "500" },
        9,
      ),
    ],
    edge: ["0.1", "+Inf"].map((le, index) =>
      series(
        "traefik_service_request_duration_seconds_bucket",
        { service: `dora-apps-${backends.canary}-80@kubernetes`, code: "500", le },
        index + 1,
      ),
    ),
  },
  {
    name: "Envoy Gateway",
    query: envoyGateway({
      clusters: new Map([
        ["httproute/dora-apps/fop-gate/rule/0/backend/0", "stable"],
        ["httproute/dora-apps/fop-gate/rule/0/backend/1", "canary"],
      ]),
    }),
    stable: series(
      "envoy_cluster_upstream_rq",
      { envoy_cluster_name: "httproute/dora-apps/fop-gate/rule/0/backend/0", envoy_response_code: "200" },
      18,
    ),
    canary: series(
      "envoy_cluster_upstream_rq",
      { envoy_cluster_name: "httproute/dora-apps/fop-gate/rule/0/backend/1", envoy_response_code: "500" },
      2,
    ),
    others: [
      series(
        "envoy_cluster_upstream_rq",
        { envoy_cluster_name: "httproute/dora-apps/fop-gate/rule/0", envoy_response_code: "200" },
        9,
      ),
    ],
    edge: ["100", "+Inf"].map((le, index) =>
      series(
        "envoy_cluster_upstream_rq_time_bucket",
        { envoy_cluster_name: "httproute/dora-apps/fop-gate/rule/0/backend/1", le },
        index + 1,
      ),
    ),
  },
  {
    name: "ingress-nginx",
    query: ingressNginx({ namespace, backends }),
    stable: series(
      "nginx_ingress_controller_requests",
      { namespace: "dora-apps", service: backends.stable, canary: "", status: "200" },
      18,
    ),
    canary: series(
      "nginx_ingress_controller_requests",
      { namespace: "dora-apps", service: backends.stable, canary: `dora-apps-${backends.canary}-80`, status: "500" },
      2,
    ),
    others: [
      series(
        "nginx_ingress_controller_requests",
        { namespace: "dora-apps", service: backends.stable, canary: "dora-apps-else-80", status: "500" },
        9,
      ),
    ],
    edge: ["0.1", "+Inf"].map((le, index) =>
      series("nginx_ingress_controller_request_duration_seconds_bucket", { service: backends.canary, le }, index + 1),
    ),
  },
  {
    name: "Istio",
    query: istio({ namespace, workloads }),
    stable: series(
      "istio_requests_total",
      { destination_workload: workloads.stable, response_code: "200", pod: "waypoint" },
      18,
    ),
    canary: series(
      "istio_requests_total",
      { destination_workload: workloads.canary, response_code: "500", pod: "waypoint" },
      2,
    ),
    others: [series("istio_requests_total", { destination_workload: "fop-gate-canary-2", response_code: "500" }, 9)],
    edge: ["100", "+Inf"].map((le, index) =>
      series("istio_request_duration_milliseconds_bucket", { destination_workload: workloads.canary, le }, index + 1),
    ),
  },
];

for (const { name, query: whole, stable, canary, others, edge } of gateways) {
  describe(`the counters of ${name}`, () => {
    const query = { ...whole, metrics: { ...whole.metrics, latency: false as const } };
    const by = (instance: string, each: Series) => ({ ...each, labels: { ...each.labels, instance, job: "gateway" } });

    it("belong to the track of their backend, and so to the release of its pods; one without latency is a problem", () => {
      const problem = `stable by g1 has no ${whole.metrics.latency}, so its latency is not known: name the histogram with --latency, or give --latency none, or plan.latency, if there is none.`;
      assert.deepEqual(
        seen(
          whole,
          [stable, canary, ...edge, ...others].map((each) => by("g1", each)),
        ),
        [
          { target: "stable by g1", release: a, counted: ["200: 18"], problem },
          { target: "canary by g1", release: b, counted: ["500: 2", "0.1: 1", "Infinity: 2"] },
        ],
      );
    });

    it("are separate for each process that counts them, which may restart separately", () => {
      const found = [by("g1", stable), by("g2", stable), by("g1", canary), by("g2", canary)];
      assert.deepEqual(
        seen(query, found).map(({ target }) => target),
        ["stable by g1", "stable by g2", "canary by g1", "canary by g2"],
      );
    });

    it("are zero of a track for which a process had no request, and a problem of a track for which no process had any", () => {
      assert.deepEqual(seen(query, [by("g1", stable), by("g2", stable), by("g2", canary)]).slice(2), [
        { target: "canary by g1", release: b, counted: [] },
        { target: "canary by g2", release: b, counted: ["500: 2"] },
      ]);
      const [, missing] = seen(query, [by("g1", stable)]);
      assert.deepEqual(missing?.counted, []);
      assert.match(missing?.problem ?? "", /^Prometheus has no \w+ of backend canary from the last 120 s \(.*\)\.$/);
    });

    it("are a problem if there are none, or only those of other services", () => {
      for (const found of [[], others]) {
        const targets = seen(query, found);
        assert.deepEqual(
          targets.map(({ target, counted }) => [target, counted]),
          [
            ["stable", undefined],
            ["canary", undefined],
          ],
        );
        for (const { problem } of targets) assert.match(problem ?? "", /^Prometheus has no/);
      }
    });

    it("are a problem if Prometheus no longer reads any process of the gateway, but not if one of them ended", () => {
      const found = [by("g1", stable), by("g1", canary)];
      const later = (each: Series) => ({ ...each, at: 77_000 });
      for (const [index, { counted, problem }] of seen(query, found, pods, 77_000).entries()) {
        assert.equal(counted, undefined);
        assert.equal(
          problem,
          `Prometheus no longer reads backend ${["stable", "canary"][index]}: its last sample is 76 s old.`,
        );
      }
      const replaced = seen(query, [...found, later(by("g2", stable)), later(by("g2", canary))], pods, 77_000);
      assert.deepEqual(
        replaced.map(({ problem }) => problem),
        Array(4).fill(undefined),
      );
    });

    it("belong to no release while a backend has pods of two releases", () => {
      const rolling = [...pods, pod("fop-gate-stable-3", { release: b, track: "stable", ready: false })];
      const [mixed, clean] = seen(query, [by("g1", stable), by("g1", canary)], rolling);
      assert.deepEqual(mixed, {
        target: "stable by g1",
        release: "",
        counted: undefined,
        problem: `Backend stable mixes releases ${a} and ${b}, so its counters cannot be assigned to one.`,
      });
      assert.deepEqual(clean?.counted, ["500: 2"]);
    });

    it("are a problem if two jobs scrape the same process", () => {
      const again = { ...by("g1", canary), labels: { ...by("g1", canary).labels, job: "again" } };
      const [, target] = seen(query, [by("g1", stable), by("g1", canary), again]);
      assert.equal(target?.counted, undefined);
      assert.match(target?.problem ?? "", /twice: is it scraped by two jobs/);
    });

    it("are selected by the labels that trackOf reads", () => {
      const matchers = query
        .matchers(pods)
        .map((matcher) => /^(\w+)(=~?)(".*")$/.exec(matcher) ?? assert.fail(matcher));
      for (const { labels } of [stable, canary]) {
        for (const [, label = "", operator, quoted = ""] of matchers) {
          const value = labels[label] ?? (["reporter"].includes(label) ? "destination" : "dora-apps");
          const wanted = JSON.parse(quoted);
          assert.ok(
            operator === "=" ? value === wanted : new RegExp(`^(?:${wanted})$`).test(value),
            `${label} ${value}`,
          );
        }
      }
    });
  });
}

describe("a gateway's labels", () => {
  it("of Istio contain Deployments, of which stable's has the name of the service", () => {
    assert.match(
      promQl(istio({ namespace, workloads }), pods, 60),
      /,destination_workload=~"fop-gate\|fop-gate-canary",/,
    );
  });

  it("of Istio may come from another reporter", () => {
    const query = istio({ namespace, workloads, labels: { reporter: "waypoint" } });
    assert.match(promQl(query, pods, 60), /,reporter="waypoint",/);
    assert.match(query.hint ?? "", /telemetry on for reporter waypoint/);
  });

  it("of Istio belong to the pod that counted them, if it is a pod of the service, even during a rolling update", () => {
    const rolling = [...pods, pod("fop-gate-stable-3", { release: b, track: "stable" })];
    const found = rolling.map(({ name, track }, index) =>
      series(
        "istio_requests_total",
        {
          destination_workload: workloads[track as keyof typeof workloads],
          response_code: "200",
          pod: name,
          instance: name,
        },
        index,
      ),
    );
    assert.deepEqual(
      seen(istio({ namespace, workloads }), found, rolling).map(({ target, release, counted }) => [
        target,
        release,
        counted,
      ]),
      rolling.map(({ name, release }, index) => [name, release, [`200: ${index}`]]),
    );
  });
});

describe("gRPC calls as a mesh or a gateway counts them", () => {
  const calls = (labels: Record<string, string>) =>
    series(
      "istio_requests_total",
      { destination_workload: workloads.canary, request_protocol: "grpc", response_code: "200", ...labels },
      10,
    );
  const slow = ["100", "+Inf"].map((le) =>
    series("istio_request_duration_milliseconds_bucket", { destination_workload: workloads.canary, le }, 10),
  );
  const grpc = pods.map((each) => ({ ...each, grpc: true }));
  const blind = /counts its gRPC calls by their HTTP status alone, which is 200 for a failed call too/;

  it("count by their gRPC status in Istio, where HTTP tells all of them as 200", () => {
    const [, target] = seen(istio({ namespace, workloads }), [
      calls({ grpc_response_status: "14" }),
      calls({ grpc_response_status: "0" }),
      ...slow,
    ]);
    assert.deepEqual(target, {
      target: "canary by the gateway",
      release: b,
      counted: ["503: 10", "200: 10", "0.1: 10", "Infinity: 10"],
    });
  });

  it("are a problem in Istio if its telemetry leaves the gRPC status out", () => {
    const [, target] = seen(istio({ namespace, workloads }), [calls({}), ...slow]);
    assert.match(target?.problem ?? "", blind);
  });

  it("are a problem in a gateway that counts HTTP status alone, if the pods answer gRPC", () => {
    for (const { query, canary } of gateways) {
      const whole = { ...query, metrics: { ...query.metrics, latency: false as const } };
      assert.match(seen(whole, [canary], grpc).at(-1)?.problem ?? "", blind);
      assert.doesNotMatch(seen(whole, [canary]).at(-1)?.problem ?? "", blind);
    }
  });
});
