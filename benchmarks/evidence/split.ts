/** Splits a log of real requests between the pods of both arms, in the ways in which traffic reaches pods. */
import type { TargetTick, Tick } from "../../analysis/tick.ts";
import type { Chance } from "./chance.ts";
import type { Log, LoggedRequest } from "./log.ts";
import { seconds, tickEnds } from "./traffic.ts";

/**
 * How requests find a pod.
 *
 * - `request`: each by itself, as with the weights of a gateway.
 * - `connection`: a client keeps its connection, and so its pod, until it is silent for {@link keepAliveSeconds}.
 * - `client-pod`: a client stays on its pod, as with sessionAffinity.
 * - `client-arm`: a client stays in its arm, as with a rule by bucket; each request takes any pod of it.
 */
export type Split = "request" | "connection" | "client-pod" | "client-arm";

export const splits: readonly Split[] = ["request", "connection", "client-pod", "client-arm"];

const keepAliveSeconds = 15;
/** The buckets of Prometheus's client libraries, in seconds. */
const edges = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A service to which the requests of a log go within one hour. */
export interface Service {
  readonly split: Split;
  /** Share of canary, 0 to 1. */
  readonly share: number;
  readonly stablePods: number;
  readonly canaryPods: number;
  /** What canary does to a request. @default nothing: it is the same release */
  readonly canary?: (request: LoggedRequest, chance: Chance) => LoggedRequest;
}

/** One hour of the log, tick by tick: its time is stretched or pressed into an hour. */
export function* hourOfLog({ requests }: Log, service: Service, chance: Chance): Generator<Tick> {
  const scale = seconds / ((requests.at(-1)?.at ?? 0) + 1);
  const podOf = assignment(service, chance);
  const pods = [
    ...Array.from({ length: service.canaryPods }, (_, at) => ({ pod: `canary-${at}`, release: "B", track: "canary" })),
    ...Array.from({ length: service.stablePods }, (_, at) => ({ pod: `stable-${at}`, release: "A", track: "stable" })),
  ];
  const states = pods.map((pod) => ({ ...pod, ready: true, restarts: 0, lostReadiness: false, vanished: false }));
  const hasLatency = requests.some(({ latency }) => latency !== undefined);
  let [next, before] = [0, 0];
  for (const at of tickEnds()) {
    const counts = pods.map(() => ({ codes: {} as Record<string, number>, slower: edges.map(() => 0), total: 0 }));
    for (; next < requests.length && (requests[next] as LoggedRequest).at * scale <= at; next++) {
      const asked = requests[next] as LoggedRequest;
      const place = podOf(asked);
      const { status, latency } = place < service.canaryPods && service.canary ? service.canary(asked, chance) : asked;
      const pod = counts[place] as (typeof counts)[number];
      pod.codes[status] = (pod.codes[status] ?? 0) + 1;
      pod.total++;
      edges.forEach((edge, index) => {
        if ((latency ?? 0) > edge) pod.slower[index] = (pod.slower[index] as number) + 1;
      });
    }
    const targets = pods.map(({ pod, release }, place): TargetTick => {
      const { codes, slower, total } = counts[place] as (typeof counts)[number];
      return {
        target: pod,
        release,
        pod: true,
        requests: codes,
        ...(hasLatency && { latency: { total, slower: edges.map((edge, index) => [edge, slower[index] as number]) } }),
        pairs: {},
      };
    });
    yield { at: at * 1000, seconds: at - before, targets, pods: states, problems: [] };
    before = at;
  }
}

/** Which pod a request reaches: canary's first, then stable's. */
function assignment(
  { split, share, canaryPods, stablePods }: Service,
  chance: Chance,
): (request: LoggedRequest) => number {
  const arm = () => chance.uniform() < share;
  const podIn = (canary: boolean) =>
    canary ? Math.floor(chance.uniform() * canaryPods) : canaryPods + Math.floor(chance.uniform() * stablePods);
  const kept = new Map<number, number>();
  const last = new Map<number, number>();
  const keep = (client: number, choose: () => number) => {
    const place = kept.get(client) ?? choose();
    kept.set(client, place);
    return place;
  };
  switch (split) {
    case "request":
      return () => podIn(arm());
    case "connection":
      return ({ client, at }) => {
        if (at - (last.get(client) ?? at) > keepAliveSeconds) kept.delete(client);
        last.set(client, at);
        return keep(client, () => podIn(arm()));
      };
    case "client-pod":
      return ({ client }) => keep(client, () => podIn(arm()));
    case "client-arm":
      return ({ client }) => podIn(keep(client, () => (arm() ? 1 : 0)) === 1);
  }
}
