/** Exposes evidence and rollout to Prometheus. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Gauge, Registry } from "prom-client";
import type { Evidence } from "../analysis/evidence.ts";
import { ARMS, labelNames, METRICS, type MetricName, ROLLOUT_METRICS, VERDICTS } from "../analysis/metric-names.ts";
import type { Assessment } from "../analysis/verdict.ts";
import { UserError } from "../components/user-error.ts";
import type { Rollout } from "../rollout/rollout.ts";

/** Exposes the evidence and the open rollout to Prometheus, so that dashboards can draw them. */
export interface Exporter {
  /** Its address, for example `http://127.0.0.1:9464/metrics`. */
  readonly url: string;
  /** Exposes the latest evidence. @param weight percent of user traffic that canary gets, if it is known */
  show(evidence: Evidence, assessment: Assessment, weight: number | undefined): void;
  /** Exposes the state of a rollout. @param holds whether it waits for a person */
  showRollout(rollout: Pick<Rollout, "release" | "from" | "steps" | "step">, holds: boolean): void;
  /** Stops listening. */
  end(): Promise<void>;
}

/** An address of this machine and a port; 0 is any free port. */
export interface Listening {
  readonly host: string;
  readonly port: number;
}

/**
 * Starts an exporter.
 *
 * @throws UserError if it cannot listen there
 */
export async function exporter(service: string, namespace: string, { host, port }: Listening): Promise<Exporter> {
  const registry = new Registry();
  const gaugesOf = (metrics: Readonly<Record<string, MetricName>>) =>
    new Map<string, Gauge>(
      Object.values(metrics).map((metric) => {
        const { name, help } = metric;
        return [name, new Gauge({ name, help, labelNames: labelNames(metric), registers: [registry] })];
      }),
    );
  const gauges = gaugesOf(METRICS);
  const rolloutGauges = gaugesOf(ROLLOUT_METRICS);
  const server = createServer(async (request, response) => {
    if (request.method !== "GET" || request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404).end("gray exposes /metrics\n");
      return;
    }
    try {
      const text = await registry.metrics();
      response.writeHead(200, { "content-type": registry.contentType }).end(text);
    } catch (error) {
      response.writeHead(500).end(`gray cannot read its metrics: ${(error as Error).message}\n`);
    }
  });
  await new Promise<void>((listening, failed) => {
    // The listener stays: a server that later fails to accept a connection must not end the driver.
    server.on("error", (error: NodeJS.ErrnoException) =>
      failed(new UserError(`Port ${port} of ${host} cannot be used for metrics (${error.code}): choose another.`)),
    );
    server.listen(port, host, listening);
  });
  server.unref();
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}/metrics`,
    show(evidence, { verdict, logWorse, findings }, weight) {
      const { canary: release, stable } = evidence.question;
      const identity = { service, namespace, release, baseline: stable.join(",") };
      const set = ({ name }: MetricName, value: number | undefined, labels: Record<string, string> = {}) => {
        if (value !== undefined) gauges.get(name)?.set({ ...identity, ...labels }, value);
      };
      for (const gauge of gauges.values()) gauge.reset();
      for (const { stream, ratio, lower, upper, logWorse, logFine } of findings) {
        set(METRICS.eValue, logWorse / Math.LN10, { stream });
        set(METRICS.evidenceGood, logFine / Math.LN10, { stream });
        set(METRICS.rateRatio, ratio, { stream });
        set(METRICS.rateRatioLower, lower, { stream });
        set(METRICS.rateRatioUpper, upper, { stream });
      }
      set(METRICS.evidenceBad, logWorse / Math.LN10);
      for (const each of VERDICTS) set(METRICS.verdict, each === verdict ? 1 : 0, { verdict: each });
      set(METRICS.weight, weight);
      for (const arm of ARMS) set(METRICS.requestsSeen, evidence.answers[arm].requests, { arm });
      set(METRICS.lastReading, evidence.lastRead && evidence.lastRead / 1000);
      set(METRICS.alpha, evidence.settings.alpha);
    },
    showRollout({ release, from, steps, step }, holds) {
      const identity = { service, namespace, release, baseline: from };
      for (const gauge of rolloutGauges.values()) gauge.reset();
      const stage = steps[step]?.stage ?? "ended";
      rolloutGauges.get(ROLLOUT_METRICS.step.name)?.set({ ...identity, stage }, step + 1);
      rolloutGauges.get(ROLLOUT_METRICS.steps.name)?.set(identity, steps.length);
      rolloutGauges.get(ROLLOUT_METRICS.holds.name)?.set(identity, holds ? 1 : 0);
    },
    end: () =>
      new Promise((ended) => {
        server.close(() => ended());
        // Otherwise a request that was sent only in part would delay the end for a minute.
        server.closeAllConnections();
      }),
  };
}
