import assert from "node:assert/strict";
import { connect } from "node:net";
import { Evidence } from "../../analysis/evidence.ts";
import { METRICS } from "../../analysis/metric-names.ts";
import { judge } from "../../analysis/verdict.ts";
import { resolveStep, usualSteps } from "../../components/step.ts";
import { type Exporter, exporter } from "../../observability/exporter.ts";
import { canary, stable, tick } from "../analysis/ticks.ts";

describe("the exporter of evidence", () => {
  let exposed: Exporter;
  beforeEach(async () => {
    exposed = await exporter("web", "shop", { host: "127.0.0.1", port: 0 });
  });
  afterEach(() => exposed.end());

  const read = async () => {
    const answer = await fetch(exposed.url);
    assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const lines = (await answer.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), line.slice(line.lastIndexOf(" ") + 1)]));
  };
  const observed = (failed: number) => {
    const evidence = new Evidence({ canary, stable: [stable] });
    for (let second = 1; second <= 10; second++) evidence.observe(tick(second, { failed, slower: { 0.5: 0 } }));
    return evidence;
  };
  const identity = `service="web",namespace="shop",release="${canary}",baseline="${stable}"`;

  it("exposes the evidence, each series with the service and both releases", async () => {
    const evidence = observed(1);
    exposed.show(evidence, judge(evidence, 10_000), 10);
    const series = await read();
    assert.equal(series.get(`gray_verdict{${identity},verdict="bad"}`), "1");
    assert.equal(series.get(`gray_verdict{${identity},verdict="good"}`), "0");
    assert.equal(series.get(`gray_requests_seen{${identity},arm="canary"}`), "200");
    assert.equal(series.get(`gray_weight{${identity}}`), "10");
    assert.equal(series.get(`gray_rate_ratio{${identity},stream="5xx"}`), "+Inf");
    assert.equal(series.get(`gray_last_reading_timestamp_seconds{${identity}}`), "10");
    assert.ok(Number(series.get(`gray_evidence_bad_log10{${identity}}`)) > 2);
  });

  it("has a series for every metric, under its name", async () => {
    const evidence = observed(0);
    for (let second = 11; second <= 200; second++) evidence.observe(tick(second, { refused: 1 }, { refused: 1 }));
    exposed.show(evidence, judge(evidence, 200_000), 10);
    const names = new Set([...(await read()).keys()].map((series) => series.split("{")[0]));
    assert.deepEqual(
      [...names].sort(),
      Object.values(METRICS)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it("exposes the step of a rollout, and whether it holds", async () => {
    const steps = usualSteps(10).map((step) => resolveStep(step, []));
    const rollout = { release: canary, from: stable, steps, step: 1 };
    exposed.showRollout(rollout, false);
    exposed.showRollout({ ...rollout, step: 2 }, true);
    const series = [...(await read())].filter(([name]) => name.startsWith("gray_rollout"));
    assert.deepEqual(series, [
      [`gray_rollout_step{${identity},stage="full"}`, "3"],
      [`gray_rollout_steps{${identity}}`, "3"],
      [`gray_rollout_holds{${identity}}`, "1"],
    ]);
  });

  it("exposes when canary was last read, not when any pod was", async () => {
    const evidence = observed(0);
    evidence.observe({ ...tick(11, {}), targets: tick(11, {}).targets.filter(({ release }) => release === stable) });
    exposed.show(evidence, judge(evidence, 11_000), undefined);
    assert.equal((await read()).get(`gray_last_reading_timestamp_seconds{${identity}}`), "10");
  });

  it("survives a request with an invalid path, and answers one with a query", async () => {
    const { hostname, port } = new URL(exposed.url);
    const socket = connect(Number(port), hostname);
    socket.end("GET // HTTP/1.1\r\nhost: gray\r\nconnection: close\r\n\r\n");
    let answer = "";
    for await (const chunk of socket.setEncoding("utf8")) answer += chunk;
    assert.equal(answer.split("\r\n")[0], "HTTP/1.1 404 Not Found");
    assert.equal((await fetch(`${exposed.url}?a=b`)).status, 200);
  });

  it("ends although a request was sent only in part, and another connection stays open", async () => {
    const { hostname, port } = new URL(exposed.url);
    const closed: Promise<void>[] = [];
    for (const sent of ["GET /metrics HTTP/1.1\r\nhost: gray\r\n", ""]) {
      const socket = connect(Number(port), hostname);
      closed.push(new Promise((done) => socket.on("error", () => {}).once("close", () => done())));
      await new Promise<void>((connected) => socket.once("connect", () => socket.write(sent, () => connected())));
    }
    // After this answer the server has accepted all earlier connections.
    await read();
    await exposed.end();
    await Promise.all(closed);
    exposed = await exporter("web", "shop", { host: "127.0.0.1", port: 0 });
  }).timeout(2000);

  it("drops a stream and a weight that are no longer known", async () => {
    const evidence = observed(0);
    exposed.show(evidence, judge(evidence, 10_000), 10);
    exposed.show(new Evidence({ canary, stable: [stable] }), judge(evidence, 10_000), undefined);
    assert.equal((await read()).get(`gray_weight{${identity}}`), undefined);
  });

  it("reports that the port is taken, and serves only its metrics", async () => {
    const port = Number(new URL(exposed.url).port);
    await assert.rejects(
      exporter("web", "shop", { host: "127.0.0.1", port }),
      /Port \d+ of 127\.0\.0\.1 cannot be used for metrics \(EADDRINUSE\)/,
    );
    assert.equal((await fetch(new URL("/", exposed.url))).status, 404);
  });
});
