import { apply, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import type { AtEnd } from "../session.ts";
import type { Change, Contender, Door, End } from "./contender.ts";
import { type Controller, link, startController } from "./controller.ts";
import type { Described } from "./described.ts";
import { listener, minReadySeconds, replicas } from "./gray.ts";
import { PromotionGate } from "./promotion-gate.ts";
import { patience, type Rules, type Setting } from "./rules.ts";

const port = 18092;
const api = "flagger.app/v1beta1";

interface Canary {
  readonly status?: { readonly phase?: string };
}

/** What the contender is made of. */
interface Parts {
  readonly namespace: string;
  readonly prometheus: string;
  readonly described: Described;
  /** Address of the sandbox's gateway. */
  readonly gateway: string;
}

/** Flagger with the Gateway API: the share of the users is the weight of a backend. */
export class Flagger implements Contender {
  readonly name = "Flagger, by gateway";
  readonly door: Door;
  private readonly parts: Parts;
  private readonly controller: Controller;
  private readonly gate: PromotionGate;

  private constructor(parts: Parts, controller: Controller, gate: PromotionGate) {
    this.parts = parts;
    this.controller = controller;
    this.gate = gate;
    this.door = { url: `${parts.gateway}/`, host: hostOf(parts.namespace) };
  }

  /** @param first what it runs at the beginning */
  static async start(parts: Parts, first: Change, setting: Setting, atEnd: AtEnd): Promise<Flagger> {
    const { namespace, described, prometheus } = parts;
    const args = ["-mesh-provider=gatewayapi:v1", `-metrics-server=${prometheus}`, `-namespace=${namespace}`];
    const controller = await startController("flagger", [...args, `-port=${port}`], port, atEnd);
    const gate = await PromotionGate.open(link().host);
    atEnd(() => gate.close());
    atEnd(() => kubectl(["delete", "namespace", namespace, "--ignore-not-found"]));
    await makeNamespace(namespace);
    // Flagger makes the Services of its own.
    await apply({ apiVersion: "v1", kind: "List", items: described.shared.filter(({ kind }) => kind !== "Service") });
    const flagger = new Flagger(parts, controller, gate);
    await apply({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "fop-gate", namespace },
      spec: {
        replicas,
        minReadySeconds,
        selector: { matchLabels: { app: "fop-gate" } },
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: described.template(first),
      },
    });
    await flagger.judgeBy(setting.flagger);
    await until("Flagger to have taken fop-gate over", async () => (await flagger.phase()) === "Initialized");
    return flagger;
  }

  async release(change: Change, { flagger: rules }: Setting): Promise<End> {
    const { namespace, described } = this.parts;
    await this.judgeBy(rules);
    // Its number of pods is Flagger's to say.
    const patch = JSON.stringify({ spec: { template: described.template(change) } });
    await kubectl(["patch", "deployment", "fop-gate", "-n", namespace, "--type=merge", "-p", patch]);
    const seen = async () => !["Initialized", "Succeeded", "Failed"].includes((await this.phase()) ?? "");
    await until("Flagger to see the change", seen, 3 * rules.interval + 30);
    const outcome = await until("Flagger to come to an end", () => this.outcome(), patience(rules));
    return { release: change.note, outcome };
  }

  private async judgeBy(rules: Rules): Promise<void> {
    const { namespace, prometheus } = this.parts;
    this.gate.expect(rules);
    const items = [
      { ...metricTemplate(prometheus), metadata: { name: "error-rate", namespace } },
      {
        apiVersion: api,
        kind: "Canary",
        metadata: { name: "fop-gate", namespace },
        spec: {
          targetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "fop-gate" },
          service: { port: 80, targetPort: "http", gatewayRefs: [listener], hosts: [hostOf(namespace)] },
          analysis: analysis(rules, this.gate.url),
        },
      },
    ];
    await apply({ apiVersion: "v1", kind: "List", items });
  }

  private async outcome(): Promise<End["outcome"] | undefined> {
    const phase = await this.phase();
    return phase === "Succeeded" ? "promoted" : phase === "Failed" ? "undone" : undefined;
  }

  private async phase(): Promise<string | undefined> {
    const path = `/apis/${api}/namespaces/${this.parts.namespace}/canaries/fop-gate`;
    return (await this.controller.look<Canary>(path))?.status?.phase;
  }
}

function hostOf(namespace: string): string {
  return `${namespace}.gray.test`;
}

/** Its steps and rule. A step of Flagger lasts as long as its interval, and the gate holds the last one for as long as is asked for. */
export function analysis({ weights, interval, success, failures }: Rules, gate: string): object {
  return {
    interval: `${interval}s`,
    threshold: failures,
    maxWeight: weights.at(-1),
    stepWeights: weights,
    metrics: [
      {
        name: "error-rate",
        templateRef: { name: "error-rate" },
        thresholdRange: { max: Math.round(100 * (1 - success)) },
        interval: `${interval}s`,
      },
    ],
    webhooks: [{ name: "wait", type: "confirm-promotion", url: gate }],
  };
}

/** The template of its documentation, on the counters that our pods export. */
export function metricTemplate(prometheus: string): object {
  // The pods of primary have one more word in their names.
  const pods = `namespace="{{ namespace }}",pod=~"{{ target }}-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)"`;
  const rate = (more: string) => `sum(rate(http_requests_total{${pods}${more}}[{{ interval }}]))`;
  return {
    apiVersion: api,
    kind: "MetricTemplate",
    spec: {
      provider: { type: "prometheus", address: prometheus },
      query: `100 - ${rate(`,code!~"5.*"`)} / ${rate("")} * 100`,
    },
  };
}
