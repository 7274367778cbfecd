/** The traffic cutoff: takes all user traffic off canary at once, without Pulumi. */

import { setTimeout as sleep } from "node:timers/promises";
import { deploymentName, followersAnnotation } from "../components/names.ts";
import type { ObjectKind } from "../components/object-reference.ts";
import { isRetryable } from "../kubernetes/answer.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { backoff } from "../kubernetes/backoff.ts";
import type { Cluster, Operation } from "../kubernetes/cluster.ts";
import type { ServiceObject } from "../kubernetes/objects/service.ts";
import { type ApiPath, type Objects, objectPath } from "../kubernetes/resources.ts";
import { within } from "../kubernetes/within.ts";
import { isOf, readService } from "../live/live.ts";
import type { LiveMode, LiveRoute } from "../live/traffic/mode.ts";
import { liveModes } from "../live/traffic/modes.ts";
import { chooseCutoff, StableNotReady } from "./choice.ts";
import { retryPauses } from "./lookups.ts";
import { type CutoffArgs, recordCutoff } from "./recorded-cutoff.ts";

/** How often an object is read and patched, if another writer was faster or the server failed. */
const attempts = 8;
/** The first of these attempts, which follow each other without a pause: after an occasional failure the next one succeeds. */
const attemptsAtOnce = 4;

/** Longest wait for the record to be written, in milliseconds. The traffic is off canary by then. */
const recordMilliseconds = 1000;
/** Limit of one cutoff in milliseconds, so that a dead connection does not delay the next attempt. */
const attemptMilliseconds = 5000;

/**
 * Takes all user traffic off canary at once, without Pulumi: the shared Service and those that follow it select stable alone, and only the token's rule of each
 * route names canary. Canary's pods stay, and so do connections that a proxy holds open to them. The call is idempotent. For an
 * adopted service no selector separates canary from the adopted pods, and no Service sends a worker its work, so canary is scaled to zero
 * instead. A Service without the label of the service is of another creator and stays as it is.
 *
 * Each object of the front is patched independently of the others. To choose the kind of cutoff, four reads run at the same time (are
 * stable's pods ready, was the service adopted, and both Deployments), and one answer is enough. The record's sequence number is raised at the
 * same time, so that the next `up` writes the whole front with its own weight. If the record cannot be written, the traffic is cut off
 * all the same, because users come first, and `up` sees the changed front in the cluster.
 *
 * @returns why the cutoff could not be recorded, without a full stop; undefined if it was
 * @throws StableNotReady if no pod of stable is ready; the error of the fence; UserError or ApiError if an object of the front could not
 * be changed
 * @example await cutOff({ api, cluster, namespace: "dora-apps", service: "web" });
 */
export function cutOff(of: CutoffArgs): Promise<string | undefined> {
  return within(of.api, attemptMilliseconds, (api) => cutOffOnce({ ...of, api }));
}

async function cutOffOnce(of: CutoffArgs): Promise<string | undefined> {
  const note = recordCutoff(of);
  const shared = readOwnService(of);
  const routes = liveModes.map((mode) => ({ mode, read: routesOf(mode, of) }));
  for (const each of [shared, ...routes.map(({ read }) => read)]) each.catch(() => {});
  const how = await chooseCutoff(of, note.read);
  if (note.fenced) throw note.fenced.error;
  if (how === "canary's pods") await scaleCanaryToZero(of);
  else
    await allOf([
      cutOffService(of, shared),
      cutOffFollowers(of, shared),
      ...routes.map(({ mode, read }) => cutOffRoutes(of, mode, read)),
    ]);
  return Promise.race([
    note.written,
    sleep(recordMilliseconds, "the cluster did not write it in time", { ref: false }),
  ]);
}

/**
 * Takes user traffic, or a worker's work, off canary. If only canary serves, it leaves it there and notes why.
 *
 * @param note gets a sentence for the user if the cutoff was not made, or not recorded
 * @returns whether the traffic is off canary
 * @throws the error of the fence; UserError or ApiError if users may still reach canary
 */
export async function cutOffNow(of: CutoffArgs, note: (sentence: string) => void): Promise<boolean> {
  try {
    const trouble = await cutOff(of);
    if (trouble !== undefined)
      note(
        `Canary of ${of.service} is cut off, but that could not be written into the record (${trouble}): the next pulumi up of the stack that owns canary sets the weight again.`,
      );
    return true;
  } catch (error) {
    if (!(error instanceof StableNotReady)) throw error;
    note(error.message);
    return false;
  }
}

/** Waits for all of them, then throws the first error. */
async function allOf(works: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find((each) => each.status === "rejected");
  if (failed) throw failed.reason;
}

/** The shared Service; undefined if there is none that this program wrote. */
async function readOwnService(of: CutoffArgs): Promise<ServiceObject | undefined> {
  const found = await readService(of);
  return found && isOf(of.service, found) ? found : undefined;
}

async function cutOffService(of: CutoffArgs, read: Promise<ServiceObject | undefined>) {
  const { api, namespace, service } = of;
  const again = () => readOwnService(of);
  const found = await cutOffObject(api, objectPath("Service", namespace, service), read, again, serviceCutoff);
  // Without a front, as of a worker whose Deployments could not be read, canary takes requests or work as long as it has pods.
  if (found === undefined) await scaleCanaryToZero(of);
}

/** Cuts canary off at the Services that select the same pods as the shared one. */
async function cutOffFollowers(of: CutoffArgs, read: Promise<ServiceObject | undefined>): Promise<void> {
  const { api, namespace, service } = of;
  const names = await withRetries(async (attempt) => {
    const shared = await (attempt === 1 ? read : readOwnService(of));
    return shared?.metadata.annotations?.[followersAnnotation]?.split(",") ?? [];
  });
  const cuts = names.map((name) => {
    const path = objectPath("Service", namespace, name);
    // The annotation is only text: a Service of another creator stays as it is.
    const readOwn = async () => {
      const found = await api.get(path);
      return found && isOf(service, found) ? found : undefined;
    };
    return cutOffObject(api, path, readOwn(), readOwn, serviceCutoff);
  });
  await allOf(cuts);
}

async function cutOffRoutes({ api }: CutoffArgs, mode: LiveMode, read: Promise<readonly LiveRoute[]>): Promise<void> {
  const cuts = (await read).map((route) => {
    const { namespace, name } = route.metadata;
    const again = () => mode.readOne(api, namespace, name);
    return cutOffObject(api, objectPath(mode.kind, namespace, name), Promise.resolve(route), again, (it) =>
      it.cutoff(),
    );
  });
  await allOf(cuts);
}

/** Patches an object, and reads it again if another writer was faster. @returns the object; undefined if it does not exist */
function cutOffObject<T>(
  api: Cluster,
  path: ApiPath<Objects[ObjectKind]>,
  read: Promise<T | undefined>,
  readAgain: () => Promise<T | undefined>,
  operationsOf: (object: T) => Operation[],
): Promise<T | undefined> {
  return withRetries(async (attempt) => {
    const object = await (attempt === 1 ? read : readAgain());
    const operations = object === undefined ? [] : operationsOf(object);
    if (operations.length > 0) await api.patch(path, operations);
    return object;
  });
}

/** The service's routes of a mode. A service without the mode has none, and the permission to read them may then be missing. */
function routesOf(mode: LiveMode, of: CutoffArgs): Promise<readonly LiveRoute[]> {
  return withRetries(async () => {
    try {
      return await mode.read(of);
    } catch (error) {
      if (isRetryable(error) || (await mode.isUsed(of))) throw error;
      return [];
    }
  });
}

/** Repeats work after retryable errors, with short pauses, because users wait. */
async function withRetries<T>(work: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      // 422: the patch's test failed, because another writer was faster.
      const may = error instanceof ApiError && (isRetryable(error) || error.status === 422);
      if (!may || attempt === attempts) throw error;
      if (attempt >= attemptsAtOnce) await sleep(backoff(attempt - attemptsAtOnce + 1, retryPauses));
    }
  }
}

async function scaleCanaryToZero({ api, namespace, service }: CutoffArgs): Promise<void> {
  const canary = objectPath("Deployment", namespace, deploymentName(service, "canary"));
  try {
    await withRetries(() => api.patch(canary, [{ op: "replace", path: "/spec/replicas", value: 0 }]));
  } catch (error) {
    // Without its Deployment canary has no pods either.
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
}

/** The patch that makes the shared Service select stable alone; empty if it does so already. */
export function serviceCutoff({ spec }: Pick<ServiceObject, "spec">): Operation[] {
  const { selector = {} } = spec;
  if (selector.track === "stable") return [];
  return [
    { op: "test", path: "/spec/selector", value: selector },
    { op: "add", path: "/spec/selector/track", value: "stable" },
  ];
}
