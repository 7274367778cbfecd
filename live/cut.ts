import { setTimeout as sleep } from "node:timers/promises";
import { backendName, deploymentName, serviceLabel } from "../components/names.ts";
import type { HttpRouteRule } from "../components/route.ts";
import { UserError } from "../components/user-error.ts";
import { isRetryable } from "../kubernetes/answer.ts";
import { backoff } from "../kubernetes/backoff.ts";
import { ApiError, type Cluster, type Operation, Unreachable } from "../kubernetes/cluster.ts";
import { unlessEnded } from "../kubernetes/unless-ended.ts";
import { within } from "../kubernetes/within.ts";
import { changeRecord, type RolloutRecord, raised } from "../record/record.ts";
import { isAdopted, readDeployment, readService, type ServiceObject } from "./live.ts";
import { isReady, type PodObject } from "./pods.ts";
import { pathOfRoute, type RouteObject, readRoutes } from "./routes.ts";
import { isOfToken } from "./share.ts";

/** Whose canary is cut. */
export interface CutOff {
  readonly api: Cluster;
  /** UID of the cluster. */
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
  /**
   * Throws where the record says that the cut is not to be made any more; asked before anything is changed. Where the record cannot be
   * read in time nothing asks it, and canary is cut: that is safe to do twice. @default nothing is asked
   */
  readonly fence?: (record: RolloutRecord) => void;
  /** Whether the cut is noted in this record; one that somebody has deleted is not begun anew for it. @default always */
  readonly isNoted?: (record: RolloutRecord) => boolean;
}

/** Times that an object is read and patched, where another writer was faster or the server could not. */
const attempts = 8;
/** Of these, attempts before which nobody waits: a server that fails by chance answers the next one. */
const attemptsAtOnce = 4;

/** Milliseconds that users wait for nothing: longer than this nobody waits for the record to be written. */
const recordMilliseconds = 1000;
/** Milliseconds that one cut may take: a connection that is dead must not keep the next one waiting. */
const attemptMilliseconds = 5000;
/** The same for each answer that the patch does not need. */
const besidesMilliseconds = 500;

/**
 * Takes all users off canary, past Pulumi and at once: the shared Service selects stable alone, and no route but the one
 * of the token names canary. Its pods stay; so do connections that a proxy holds open to them. Cutting twice is cutting
 * once. Of a service whose pods were there before us (adopted), no selector leaves canary out without leaving them out too:
 * there canary has no pods any more.
 *
 * Each object of the front needs itself and nothing else. What tells how to cut (are stable's pods ready, was the service adopted) is
 * asked besides, and one answer is enough. The record's sequence number is raised at the same time, so that the next `up` writes the
 * front whole, with the weight of then. If that cannot be done the traffic is cut all the same: users come first, and `up` sees
 * for itself that the front is another.
 *
 * @returns what could not be noted in the record, in words for a person
 * @throws NobodyServes; what the fence throws; Refusal or ApiError if a part of the front could not be changed
 */
export function cut(of: CutOff): Promise<string | undefined> {
  return within(of.api, attemptMilliseconds, (api) => cutOnce({ ...of, api }));
}

async function cutOnce(of: CutOff): Promise<string | undefined> {
  const { api, namespace, service } = of;
  const note = noteOf(of);
  const shared = readService(api, namespace, service);
  const routes = routesOf(of);
  for (const each of [shared, routes]) each.catch(() => {});
  const how = await howToCut(of, note.read);
  if (note.fenced) throw note.fenced.error;
  if (how === "canary's pods") await endCanary(of);
  else await allOf([cutService(of, shared), cutRoutes(of, routes)]);
  return Promise.race([
    note.written,
    sleep(recordMilliseconds, "the cluster takes too long to write it", { ref: false }),
  ]);
}

/** No pod of stable is ready: whoever is taken off canary would find nobody. */
export class NobodyServes extends UserError {}

/**
 * Takes users off canary once. Where nothing but canary serves it says so and leaves them there.
 *
 * @returns whether users are off canary
 * @throws what the fence throws; Refusal or ApiError where users may still meet canary
 */
export async function cutNow(of: CutOff, note: (sentence: string) => void): Promise<boolean> {
  try {
    const trouble = await cut(of);
    if (trouble !== undefined) note(`The cut is not in the record (${trouble}).`);
    return true;
  } catch (error) {
    if (!(error instanceof NobodyServes)) throw error;
    note(error.message);
    return false;
  }
}

/** What a record says of the cut, while it is noted there. */
interface Note {
  /** The record before; rejects where it cannot be read. */
  readonly read: Promise<RolloutRecord>;
  /** What went wrong, in words for a person, without its full stop; never rejects. */
  readonly written: Promise<string | undefined>;
  /** What the fence threw. */
  readonly fenced: { readonly error: unknown } | undefined;
}

/** Raises the record's number, and reads it on the way. */
function noteOf({ api, namespace, service, cluster, fence, isNoted = () => true }: CutOff): Note {
  const { promise: read, resolve, reject } = Promise.withResolvers<RolloutRecord>();
  read.catch(() => {});
  let fenced: Note["fenced"];
  const noted = changeRecord(api, namespace, service, cluster, (before) => {
    resolve(before);
    try {
      fence?.(before);
    } catch (error) {
      fenced = { error };
      throw error;
    }
    if (!isNoted(before)) throw new UserError("It is not there any more.");
    return raised(before);
  });
  const written = noted.then(
    () => undefined,
    (error: Error) => {
      reject(error);
      return error.message.replace(/\.$/, "");
    },
  );
  return {
    read,
    written,
    get fenced() {
      return fenced;
    },
  };
}

/**
 * By what canary is cut.
 *
 * 1. A pod of stable with the label `track` is ready: the front selects it. It does so too where nobody can say, but the service
 *    was not adopted: stable's pods are what it has.
 * 2. Pods serve that were there before us, and have no such label: canary's pods go.
 * 3. Neither is so: NobodyServes.
 *
 * @throws NobodyServes; Unreachable or ApiError where nothing tells which of them is so
 */
async function howToCut(of: CutOff, record: Promise<RolloutRecord>): Promise<"the front" | "canary's pods"> {
  const { api, namespace, service } = of;
  const pods = api.list<PodObject>(`/api/v1/namespaces/${namespace}/pods`, `app=${service},track=stable`);
  const asked = [
    pods.then((found) => found.some(isReady)),
    record.then((before) => before.adopted !== undefined),
    readDeployment(api, namespace, service, "stable").then(isAdopted),
  ] as const;
  // However slow the server is, one answer is waited for; the limit is for the others.
  await Promise.any(asked).catch(() => {});
  const [ready, ...adopted] = await Promise.allSettled([inTime(asked[0]), inTime(asked[1]), inTime(asked[2])]);
  if (ready.status === "fulfilled" && ready.value) return "the front";
  if (adopted.some((answer) => answer.status === "fulfilled" && answer.value)) return "canary's pods";
  if (ready.status === "rejected") {
    if (adopted.some((answer) => answer.status === "fulfilled")) return "the front";
    throw ready.reason;
  }
  const unknown = adopted.find((answer) => answer.status === "rejected" && isRetryable(answer.reason));
  if (unknown?.status === "rejected") throw unknown.reason;
  throw new NobodyServes(
    `No pod of stable of ${service} is ready, so nobody would serve the users who are taken off canary: mend stable first.`,
  );
}

/** What comes of it while users may wait for it. @throws Unreachable then */
function inTime<T>(pending: Promise<T>): Promise<T> {
  const limit = AbortSignal.timeout(besidesMilliseconds);
  return unlessEnded(limit, pending).catch((error) => {
    throw error === limit.reason ? new Unreachable("The cluster takes too long to say how canary can be cut.") : error;
  });
}

/** Each by itself; then throws what one of them threw. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
}

async function cutService({ api, namespace, service }: CutOff, read: Promise<ServiceObject | undefined>) {
  await cutObject(api, `/api/v1/namespaces/${namespace}/services/${service}`, read, serviceCut);
}

async function cutRoutes({ api }: CutOff, read: Promise<readonly RouteObject[]>): Promise<void> {
  const cuts = (await read).map((route) =>
    cutObject(api, pathOfRoute(route.metadata.namespace, route.metadata.name), Promise.resolve(route), routeCut),
  );
  await allOf(cuts);
}

/** Patches an object, and reads it anew where somebody else wrote it in between. */
function cutObject<T>(
  api: Cluster,
  path: string,
  read: Promise<T | undefined>,
  operationsOf: (object: T) => Operation[],
): Promise<void> {
  return again(async (attempt) => {
    const object = await (attempt === 1 ? read : api.get<T>(path));
    const operations = object === undefined ? [] : operationsOf(object);
    if (operations.length > 0) await api.patch(path, operations);
  });
}

/** The service's routes. Traffic by number of pods has none, and then the right to read them may be missing. */
function routesOf({ api, namespace, service }: CutOff): Promise<readonly RouteObject[]> {
  return again(async () => {
    try {
      return await readRoutes(api, namespace, service);
    } catch (error) {
      // Only what goes by a gateway has a Service for stable alone.
      const stable = `/api/v1/namespaces/${namespace}/services/${backendName(service, "stable")}`;
      if (isRetryable(error) || (await api.get(stable)) !== undefined) throw error;
      return [];
    }
  });
}

/** Does something again where an answer says that it may then succeed; soon, because users wait. */
async function again<T>(work: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      // 422: the patch's test does not hold any more.
      const may = error instanceof ApiError && (isRetryable(error) || error.status === 422);
      if (!may || attempt === attempts) throw error;
      if (attempt >= attemptsAtOnce) await sleep(backoff(attempt - attemptsAtOnce + 1, { first: 10, most: 100 }));
    }
  }
}

async function endCanary({ api, namespace, service }: CutOff): Promise<void> {
  const canary = `/apis/apps/v1/namespaces/${namespace}/deployments/${deploymentName(service, "canary")}`;
  await api.patch(canary, [{ op: "replace", path: "/spec/replicas", value: 0 }]);
}

/** What makes the shared Service select stable alone. */
export function serviceCut({ spec }: Pick<ServiceObject, "spec">): Operation[] {
  const { selector = {} } = spec;
  if (selector.track === "stable") return [];
  return [
    { op: "test", path: "/spec/selector", value: selector },
    { op: "add", path: "/spec/selector/track", value: "stable" },
  ];
}

/** What makes a route send everybody but the token to stable: the weight is 0, and rules to canary are off. */
export function routeCut({ metadata, spec }: RouteObject): Operation[] {
  const service = metadata.labels?.[serviceLabel] ?? "";
  const { rules = [] } = spec;
  const changes = rules.flatMap((rule, i): Operation[] => {
    if (isOfToken(rule) || !namesCanary(rule, service)) return [];
    const [first] = rule.backendRefs;
    const stable = { group: "", kind: "Service", name: backendName(service, "stable"), port: first?.port, weight: 100 };
    return [{ op: "replace", path: `/spec/rules/${i}/backendRefs`, value: [stable] }];
  });
  return changes.length === 0 ? [] : [{ op: "test", path: "/spec/rules", value: rules }, ...changes];
}

function namesCanary({ backendRefs = [] }: Partial<HttpRouteRule>, service: string): boolean {
  return backendRefs.some(({ name }) => name === backendName(service, "canary"));
}
