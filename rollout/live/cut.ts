import { setTimeout as sleep } from "node:timers/promises";
import { backendName, deploymentName, serviceLabel } from "../../components/names.ts";
import { Refusal } from "../../components/refusal.ts";
import type { HttpRouteRule } from "../../components/route.ts";
import { ApiError, type Cluster, type Operation } from "../cluster/cluster.ts";
import { changeRecord, raised, readAdopted } from "../record/record.ts";
import { isAdopted, readDeployment, type ServiceObject } from "./live.ts";
import { isReady, type PodObject } from "./pods.ts";
import { pathOfRoute, type RouteObject } from "./routes.ts";
import { type Front, isOfToken, readFront } from "./share.ts";

/** Whose canary is cut. */
export interface CutOff {
  readonly api: Cluster;
  /** UID of the cluster. */
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
}

/** Times that an object is read and patched anew, because somebody else wrote it in between. */
const attempts = 5;

/** Milliseconds that users wait for nothing: longer than this nobody waits for the record. */
const recordMilliseconds = 1000;

/**
 * Takes all users off canary, past Pulumi and at once: the shared Service selects stable alone, and no route but the one
 * of the token names canary. Its pods stay; so do connections that a proxy holds open to them. Cutting twice is cutting
 * once. Of a service whose pods were there before us (adopted), no selector leaves canary out without leaving them out too:
 * there canary has no pods any more.
 *
 * The record's sequence number is raised at the same time, so that the next `up` writes the front whole, with the weight of
 * then. If that cannot be done the traffic is cut all the same: users come first, and `up` sees for itself that the front is
 * another.
 *
 * @returns what could not be noted in the record, in words for a person
 * @throws NobodyServes; Refusal or ApiError if the front could not be changed
 */
export async function cut(of: CutOff): Promise<string | undefined> {
  const noted = raise(of);
  const { api, namespace, service } = of;
  const stable = await api.list<PodObject>(`/api/v1/namespaces/${namespace}/pods`, `app=${service},track=stable`);
  if (stable.some(isReady)) await cutFront(of);
  else await endAdopted(of);
  return Promise.race([noted, sleep(recordMilliseconds, "the cluster takes too long to write it", { ref: false })]);
}

/** No pod of stable is ready: whoever is taken off canary would find nobody. */
export class NobodyServes extends Refusal {}

async function cutFront({ api, namespace, service }: CutOff): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await Promise.all(patchesOf(await readFront(api, namespace, service)).map((patch) => api.patch(...patch)));
      return;
    } catch (error) {
      const overtaken = error instanceof ApiError && (error.status === 409 || error.status === 422);
      if (!overtaken || attempt === attempts) throw error;
    }
  }
}

/** @throws NobodyServes unless pods serve that were there before us */
async function endAdopted({ api, namespace, service }: CutOff): Promise<void> {
  const [record, stable] = await Promise.all([
    readAdopted(api, namespace, service).catch(() => undefined),
    readDeployment(api, namespace, service, "stable").catch(() => undefined),
  ]);
  if (record === undefined && !isAdopted(stable)) {
    throw new NobodyServes(
      `No pod of stable of ${service} is ready, so nobody would serve the users who are taken off canary: mend stable first.`,
    );
  }
  const canary = `/apis/apps/v1/namespaces/${namespace}/deployments/${deploymentName(service, "canary")}`;
  await api.patch(canary, [{ op: "replace", path: "/spec/replicas", value: 0 }]);
}

/** Never rejects: what went wrong, in words for a person, without its full stop. */
async function raise({ api, namespace, service, cluster }: CutOff): Promise<string | undefined> {
  try {
    await changeRecord(api, namespace, service, cluster, raised);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/\.$/, "");
  }
}

/** The patches that take users off canary, by path; none for what is cut already. */
function patchesOf({ service, routes }: Front): [path: string, operations: Operation[]][] {
  const patches = routes.map((route): [string, Operation[]] => [
    pathOfRoute(route.metadata.namespace, route.metadata.name),
    routeCut(route),
  ]);
  if (service) {
    const { namespace, name } = service.metadata;
    patches.push([`/api/v1/namespaces/${namespace}/services/${name}`, serviceCut(service)]);
  }
  return patches.filter(([, operations]) => operations.length > 0);
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

function namesCanary({ backendRefs }: HttpRouteRule, service: string): boolean {
  return backendRefs.some(({ name }) => name === backendName(service, "canary"));
}
