import { fullCheck } from "../../components/check.ts";
import { type Following, followed } from "../../components/following.ts";
import { backendName, deploymentName, serviceLabel, stackAnnotation, tokenHeader } from "../../components/names.ts";
import { planName, planText } from "../../components/plan.ts";
import type { Track } from "../../components/traffic.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { type RecordedService, recordName } from "../../record/record-store.ts";
import { type Answer, type ApiObject, type ApiRequest, ApiServer } from "../fake/api-server.ts";
import { recordIn } from "../fake/stored-record.ts";
import type { TimelineEvent, Users } from "./events.ts";
import { type History, releases } from "./history.ts";

export const namespace = "dora-apps";
export const service = "web";
export const cluster = "cluster-uid";
export const stableReplicas = 3;

/** The service of the site, through this client. */
export const webOf = (api: Cluster): RecordedService => ({ api, cluster, namespace, service });

const core = `/api/v1/namespaces/${namespace}`;
const apps = `/apis/apps/v1/namespaces/${namespace}`;
const group = "/apis/gateway.networking.k8s.io/v1";
export const paths = {
  record: `${core}/configmaps/${recordName(service)}`,
  front: `${core}/services/${service}`,
  route: `${group}/namespaces/${namespace}/httproutes/${service}`,
  deployment: (track: Track) => `${apps}/deployments/${deploymentName(service, track)}`,
};

/** Who sent a request, and when. */
export interface From {
  readonly by: string;
  readonly epoch: number | undefined;
  readonly sent: number;
}

/** What a site needs of time. */
interface Timing {
  readonly now: () => number;
  readonly after: (milliseconds: number, run: () => void) => void;
}

const created = { creationTimestamp: "2026-01-01T00:00:00Z" };

/** How many pods canary has for a weight, beside this many of stable. */
export function canaryReplicas({ traffic, scales }: History, weight: number, stable: number, current = 0): number {
  if (scales.length > 0 && weight > 0) return followed(followingOf(traffic), weight, stable, current).canaryReplicas;
  return traffic === "gateway" ? 2 : Math.max(1, Math.round((stable * weight) / (100 - weight)));
}

function followingOf(traffic: History["traffic"]): Following {
  return traffic === "gateway" ? { mode: "gateway", least: 2, most: 12 } : { mode: "replicas" };
}

/** What the shared Service selects at a weight. */
export function selectorAt(weight: number): Record<string, string> {
  return weight === 0 ? { app: service, track: "stable" } : { app: service };
}

/** The rules of the route at a weight. */
export function rulesAt(weight: number): object[] {
  const to = (track: Track, share: number) => ({
    ...{ group: "", kind: "Service", name: backendName(service, track), port: 80 },
    weight: share,
  });
  const byToken = { matches: [{ headers: [{ type: "Exact", name: tokenHeader, value: "token" }] }] };
  const stable = to("stable", 100 - weight);
  return [
    { ...byToken, backendRefs: [to("canary", 1)] },
    {
      matches: [{ path: { type: "PathPrefix", value: "/" } }],
      backendRefs: weight === 0 ? [stable] : [stable, to("canary", weight)],
    },
  ];
}

/** A cluster with one service whose Deployments roll in time. It tells what users meet, and who changes what. */
export class Site {
  readonly api: ApiServer;
  readonly #history: History;
  readonly #time: Timing;
  readonly #tell: (event: TimelineEvent) => void;
  readonly #rolls: Record<Track, number> = { stable: 0, canary: 0 };
  #users = "";

  private constructor(api: ApiServer, history: History, time: Timing, tell: (event: TimelineEvent) => void) {
    this.api = api;
    this.#history = history;
    this.#time = time;
    this.#tell = tell;
    this.#install();
  }

  static async start(history: History, time: Timing, tell: (event: TimelineEvent) => void): Promise<Site> {
    return new Site(await ApiServer.start({ cluster, namespace, hasConnections: true }), history, time, tell);
  }

  stop(): Promise<void> {
    return this.api.stop();
  }

  /** Answers a request, and tells what it changed. */
  serve(request: ApiRequest, from: From): Answer {
    if (request.path === "/faults") {
      this.#tell(request.body?.event);
      return { status: 201, body: {} };
    }
    const ofPod = /\/pods\/([^/:]+)(?::\d+\/proxy|\/log)/.exec(request.path);
    if (ofPod) return this.#podAnswers(request.path);
    if (this.#history.routesForbidden && request.path.endsWith("/httproutes")) {
      const message = "httproutes.gateway.networking.k8s.io is forbidden";
      return { status: 403, body: { kind: "Status", apiVersion: "v1", status: "Failure", code: 403, message } };
    }
    const before = this.api.objects.get(request.path);
    const answer = this.api.answer(request);
    this.api.requests.length = 0;
    if (request.method !== "GET" && answer.status < 300) this.#changed(request, before, from);
    return answer;
  }

  deployment(track: Track): ApiObject {
    return this.api.objects.get(paths.deployment(track)) as ApiObject;
  }

  /** Sets stable's number of pods, as an autoscaler does. */
  scale(replicas: number): void {
    const before = structuredClone(this.deployment("stable"));
    this.api.put(paths.deployment("stable"), { ...before, spec: { ...before.spec, replicas } });
    this.#roll("stable", before);
  }

  /** The release that a track's Deployment is of. */
  runs(track: Track): string {
    return this.deployment(track).spec.template.metadata.labels.release;
  }

  #podAnswers(path: string): Answer {
    if (path.endsWith("/log")) return { status: 200, body: "a line\n" };
    const now = this.#time.now();
    const fails = this.#history.failingChecks.some(({ from, to }) => now >= from && now < to);
    if (fails) this.#tell({ kind: "failed check", reason: "canary's pods answer 503" });
    return fails ? { status: 503, body: "not now" } : { status: 200, body: "fine" };
  }

  #changed({ path, operations = [] }: ApiRequest, before: ApiObject | undefined, { by, epoch, sent }: From): void {
    const after = this.api.objects.get(path);
    if (path === paths.record) {
      this.#tellRecord(by, before, after);
      return;
    }
    const [, object] = /\/((?:services|httproutes|deployments)\/[^/]+)$/.exec(path) ?? [];
    if (object === undefined) return;
    const changes = operations.filter(({ op }) => op !== "test");
    const toFront = object.startsWith("services/") || object.startsWith("httproutes/");
    const isCut = toFront && by.startsWith("driver") && changes.length > 0;
    const { replicas, template } = (object.startsWith("deployments/") && after?.spec) || {};
    const deployed = template ? { release: template.metadata.labels.release, replicas } : {};
    this.#tell({ kind: "effect", by, epoch, object, sent, isCut, ...deployed });
    for (const track of ["stable", "canary"] as const) if (path === paths.deployment(track)) this.#roll(track, before);
    this.#tellUsers();
  }

  #tellRecord(by: string, before: ApiObject | undefined, after: ApiObject | undefined): void {
    const read = (map: ApiObject) => recordIn(this.api, paths.record, map);
    this.#tell({ kind: "record", by, ...(before && { before: read(before) }), ...(after && { after: read(after) }) });
  }

  #tellUsers(): void {
    const users = this.#meet();
    const text = JSON.stringify(users);
    if (text === this.#users) return;
    this.#users = text;
    this.#tell({ kind: "users", users });
  }

  /** What users meet now. */
  #meet(): Users {
    const ready = [...this.api.objects.values()].filter(
      ({ kind, status }) => kind === "Pod" && status.conditions[0].status === "True",
    );
    const labelled = ready.map(({ metadata: { labels = {} } }) => labels);
    const of = (track: Track) => labelled.filter((labels) => labels.track === track);
    const [canary, stable] = [of("canary"), of("stable")];
    const share =
      this.#history.traffic === "gateway" ? this.#weightOfRoute() : this.#shareByPods(canary.length, stable.length);
    return { canary: shares(canary, share), stable: shares(stable, 1 - share), stableServes: stable.length > 0 };
  }

  #weightOfRoute(): number {
    const rules = this.api.objects.get(paths.route)?.spec.rules;
    const backends = (rules?.at(-1)?.backendRefs ?? []) as { name: string; weight: number }[];
    const all = backends.reduce((sum, { weight }) => sum + weight, 0);
    const canary = backends.find(({ name }) => name === backendName(service, "canary"))?.weight ?? 0;
    return all === 0 ? 0 : canary / all;
  }

  #shareByPods(canary: number, stable: number): number {
    const { track } = this.api.objects.get(paths.front)?.spec.selector ?? {};
    return track === "stable" || canary + stable === 0 ? 0 : canary / (canary + stable);
  }

  /** Rolls a Deployment to what it is from now on: half of it at half the time. */
  #roll(track: Track, before: ApiObject | undefined): void {
    const { spec, metadata } = this.deployment(track);
    const { release } = spec.template.metadata.labels;
    const former = before?.spec.template.metadata.labels.release;
    const roll = ++this.#rolls[track];
    const { never, rollMilliseconds } = this.#history;
    const isNever = never === track && release === releases.b;
    const status = (updated: number, available: number, replicas: number) => {
      const object = this.deployment(track);
      object.status = {
        observedGeneration: metadata.generation,
        replicas,
        updatedReplicas: updated,
        availableReplicas: available,
      };
    };
    const current = () => roll === this.#rolls[track];
    const all = spec.replicas;
    const quick = release === former;
    this.#time.after(quick ? 100 : rollMilliseconds / 2, () => {
      if (!current()) return;
      if (isNever) {
        const old = this.#pods(track).filter(({ metadata: { labels } }) => labels?.release !== release);
        if (!this.#pods(track).some(({ metadata: { labels } }) => labels?.release === release))
          this.#addPod(track, release, false);
        status(1, old.length, old.length + 1);
      } else if (!quick) {
        this.#addPod(track, release, true);
        status(1, all, all + 1);
      }
      this.#tellUsers();
    });
    if (isNever) return;
    this.#time.after(quick ? 200 : rollMilliseconds, () => {
      if (!current()) return;
      const own = this.#pods(track).filter(({ metadata: { labels } }) => labels?.release === release);
      const others = this.#pods(track).filter((pod) => !own.includes(pod));
      for (const pod of [...others, ...own.slice(all)]) this.api.objects.delete(`${core}/pods/${pod.metadata.name}`);
      for (const pod of own.slice(0, all)) pod.status.conditions[0].status = "True";
      for (let i = own.length; i < all; i++) this.#addPod(track, release, true);
      status(all, all, all);
      this.#tellUsers();
    });
  }

  #pods(track: Track): ApiObject[] {
    return [...this.api.objects.values()].filter(
      ({ kind, metadata: { labels } }) => kind === "Pod" && labels?.track === track,
    );
  }

  #podCount = 0;

  #addPod(track: Track, release: string, ready: boolean): void {
    const name = `${deploymentName(service, track)}-${++this.#podCount}`;
    const waiting = { waiting: { reason: "CrashLoopBackOff" } };
    this.api.put(`${core}/pods/${name}`, {
      kind: "Pod",
      metadata: { name, namespace, labels: { app: service, track, release }, ...created },
      spec: { containers: [{ name: "web", ports: [{ name: "http", containerPort: 8080 }] }] },
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
        containerStatuses: [{ name: "web", ready, restartCount: 0, state: ready ? { running: {} } : waiting }],
      },
    });
  }

  /** Release a on both tracks, canary with its own weight. */
  #install(): void {
    const { traffic, ownWeight, routesForbidden } = this.#history;
    const labels = { app: service, [serviceLabel]: service };
    const put = (path: string, kind: string, spec: object, more: object = {}) =>
      this.api.put(path, { kind, metadata: { name: path.split("/").at(-1) ?? "", namespace, labels, ...more }, spec });
    for (const track of ["stable", "canary"] as const) {
      const replicas = track === "stable" ? stableReplicas : canaryReplicas(this.#history, ownWeight, stableReplicas);
      const template = { metadata: { labels: { app: service, track, release: releases.a } }, spec: { containers: [] } };
      const stack = `organization/gray-release/${track === "canary" ? "canary" : "prod"}`;
      const follows = track === "canary" && this.#history.scales.length > 0;
      const following = follows ? { "gray-release/follows": JSON.stringify(followingOf(traffic)) } : {};
      const owned = { labels: { ...labels, track }, annotations: { [stackAnnotation]: stack, ...following } };
      const selector = { matchLabels: { app: service, track } };
      put(paths.deployment(track), "Deployment", { replicas, selector, template }, owned);
      const all = { replicas, updatedReplicas: replicas, availableReplicas: replicas };
      this.deployment(track).status = { observedGeneration: 1, ...all };
      for (let i = 0; i < replicas; i++) this.#addPod(track, releases.a, true);
      // Only what goes by a gateway has a Service for stable alone.
      if (track === "stable" && traffic !== "gateway") continue;
      put(`${core}/services/${backendName(service, track)}`, "Service", {
        selector: { app: service, track },
        ports: [{ port: 80, targetPort: "http" }],
      });
    }
    put(paths.front, "Service", { selector: selectorAt(ownWeight), ports: [{ port: 80, targetPort: "http" }] });
    const check = fullCheck({ path: "/healthz" }, 80);
    this.api.put(`${core}/configmaps/${planName(service)}`, {
      metadata: { name: planName(service), labels },
      data: { plan: planText({ checks: [check] }, 80) },
    });
    const stableHistory = { version: 2, cluster, sequence: 0, verdicts: {}, stableHistory: [releases.a] };
    this.api.put(paths.record, {
      metadata: { name: recordName(service), labels },
      data: { record: JSON.stringify(stableHistory) },
    });
    if (traffic === "gateway" || routesForbidden) this.api.put(group, { metadata: { name: "v1" } });
    if (traffic !== "gateway") return;
    put(paths.route, "HTTPRoute", { rules: rulesAt(ownWeight) });
  }
}

function shares(pods: readonly Record<string, string>[], share: number): Record<string, number> {
  const all: Record<string, number> = {};
  if (share === 0) return all;
  for (const { release = "" } of pods) all[release] = (all[release] ?? 0) + share / pods.length;
  return all;
}

/** Whether a request of a driver is for something that taking users off canary does not need. */
export function sparesCut(by: string, url: string): boolean {
  return by.startsWith("driver") && /\/(pods|events|replicasets|deployments|evidence|last-words)\b/.test(url);
}
