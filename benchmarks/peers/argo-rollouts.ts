import { apply, get, kubectl, namespace as makeNamespace, until } from "../../harness/kubectl.ts";
import type { AtEnd } from "../session.ts";
import type { Change, Contender, Door, End } from "./contender.ts";
import { type Controller, startController } from "./controller.ts";
import type { Described } from "./described.ts";
import { minReadySeconds, replicas } from "./gray.ts";
import { patience, type Rules, type Setting } from "./rules.ts";

const metricsPort = 18090;
const healthPort = 18091;
const api = "argoproj.io/v1alpha1";

interface Rollout {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly observedGeneration?: string;
    readonly phase?: string;
    readonly message?: string;
    readonly abort?: boolean;
    readonly availableReplicas?: number;
    readonly updatedReplicas?: number;
  };
}

/** What the contender is made of. */
interface Parts {
  readonly namespace: string;
  readonly prometheus: string;
  readonly described: Described;
}

/** Argo Rollouts without a traffic router: the share of the users is the share of the pods. */
export class ArgoRollouts implements Contender {
  readonly name = "Argo Rollouts, by pods";
  readonly door: Door;
  private readonly parts: Parts;
  private readonly controller: Controller;

  private constructor(parts: Parts, controller: Controller, door: Door) {
    this.parts = parts;
    this.controller = controller;
    this.door = door;
  }

  /** @param first what it runs at the beginning */
  static async start(parts: Parts, first: Change, setting: Setting, atEnd: AtEnd): Promise<ArgoRollouts> {
    const { namespace, described } = parts;
    const args = ["--namespaced", `--namespace=${namespace}`, "--leader-elect=false"];
    const ports = [`--metricsPort=${metricsPort}`, `--healthzPort=${healthPort}`];
    const controller = await startController("rollouts-controller", [...args, ...ports], healthPort, atEnd);
    atEnd(() => kubectl(["delete", "namespace", namespace, "--ignore-not-found"]));
    await makeNamespace(namespace);
    await apply({ apiVersion: "v1", kind: "List", items: described.shared });
    const { spec } = await get(namespace, "service", "fop-gate");
    const argo = new ArgoRollouts(parts, controller, { url: `http://${spec.clusterIP}/` });
    await argo.release(first, setting);
    return argo;
  }

  async release(change: Change, setting: Setting): Promise<End> {
    const { namespace, prometheus, described } = this.parts;
    const rules = setting["argo-rollouts"];
    const items = [
      { ...analysisTemplate(rules, prometheus), metadata: { name: "success-rate", namespace } },
      {
        apiVersion: api,
        kind: "Rollout",
        metadata: { name: "fop-gate", namespace },
        spec: {
          // Canary's pod is one of them.
          replicas: replicas + 1,
          minReadySeconds,
          selector: { matchLabels: { app: "fop-gate" } },
          template: described.template(change),
          strategy: { canary: canary(rules) },
        },
      },
    ];
    await apply({ apiVersion: "v1", kind: "List", items });
    const outcome = await until("Argo Rollouts to come to an end", () => this.outcome(), patience(rules));
    return { release: change.note, outcome };
  }

  private async outcome(): Promise<End["outcome"] | undefined> {
    const path = `/apis/${api}/namespaces/${this.parts.namespace}/rollouts/fop-gate`;
    const { metadata, status } = (await this.controller.look<Rollout>(path)) ?? {};
    if (status === undefined || status.observedGeneration !== String(metadata?.generation)) return undefined;
    if (status.phase === "Healthy") return "promoted";
    const alone = !status.updatedReplicas && status.availableReplicas === replicas + 1;
    return status.abort && alone ? "undone" : undefined;
  }
}

/** The canary strategy: its steps, and an analysis in the background from the moment the first weight is reached. */
export function canary({ weights, seconds }: Rules): object {
  return {
    maxSurge: 1,
    maxUnavailable: 0,
    analysis: {
      templates: [{ templateName: "success-rate" }],
      startingStep: 1,
      args: [{ name: "latest-hash", valueFrom: { podTemplateHashValue: "Latest" } }],
    },
    steps: weights.flatMap((weight) => [{ setWeight: weight }, { pause: { duration: `${seconds}s` } }]),
  };
}

/** The template of its documentation, on the counters that our pods export. */
export function analysisTemplate({ interval, success, failures }: Rules, prometheus: string): object {
  const rate = (more: string) =>
    `sum(rate(http_requests_total{pod=~"fop-gate-{{args.latest-hash}}-.*"${more}}[${interval}s]))`;
  return {
    apiVersion: api,
    kind: "AnalysisTemplate",
    spec: {
      args: [{ name: "latest-hash" }],
      metrics: [
        {
          name: "success-rate",
          // Before that there is nothing to look back on.
          initialDelay: `${interval}s`,
          interval: `${interval}s`,
          successCondition: `result[0] >= ${success}`,
          // So many may fail, and the next one ends it.
          failureLimit: failures - 1,
          provider: { prometheus: { address: prometheus, query: `${rate(`,code!~"5.*"`)} / ${rate("")}` } },
        },
      ],
    },
  };
}
