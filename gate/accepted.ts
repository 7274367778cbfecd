/** Asks the API server whether it accepts the objects that the program describes, before anything is changed. */

import { additionalServiceObject } from "../components/additional-service.ts";
import { autoscalerObject } from "../components/autoscaler.ts";
import { autoscalerKind } from "../components/autoscaling.ts";
import { deploymentObject } from "../components/deployment.ts";
import { budgetObject } from "../components/disruption-budget.ts";
import { ingressObject, routeObject, sharedServiceObject } from "../components/front.ts";
import { debugIngressName } from "../components/names.ts";
import type { ObjectReference } from "../components/object-reference.ts";
import type { Release } from "../components/release.ts";
import { serviceAccountObject } from "../components/service-account.ts";
import { type ServiceArgs, tracksOf } from "../components/service-args.ts";
import { modeOf } from "../components/traffic/modes.ts";
import { clauseOf, UserError } from "../components/user-error.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import type { Metadata } from "../kubernetes/objects/metadata.ts";
import { listPath, objectPath, typeOf } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import { type Live, releaseOf } from "../live/live.ts";
import type { LogLine } from "./log-line.ts";

/** An object as the program describes it. */
interface Described {
  readonly kind: ObjectReference["kind"];
  readonly object: { readonly metadata: Pick<Metadata, "name">; readonly spec?: object };
}

/** An object that the API server refuses, or could not try. */
export interface TrialFailure extends ObjectReference {
  /** The answer of the API server, or why there is none. */
  readonly why: string;
  /** Whether it is refused. If not, a right is missing, a webhook does not support a dry run, or there was no answer in time. */
  readonly isRefused: boolean;
}

/** Most milliseconds of trying, because every `up` waits for it. */
const tryingMilliseconds = 5000;

/**
 * Has the API server try each object (`dryRun=All`, `fieldValidation=Strict`), so that an unknown field and an invalid value are
 * known before anything is changed, and no list of fields of our own is needed. An object that exists is tried as a change,
 * another one as a new one. A Deployment of canary that runs the rendered release was accepted before, and is not tried again.
 *
 * @returns the objects that are refused or could not be tried
 */
export async function tryObjects(
  of: ServiceHandle,
  args: ServiceArgs,
  rendered: Release,
  live: Live,
): Promise<TrialFailure[]> {
  const api = of.api.until(AbortSignal.timeout(tryingMilliseconds));
  const all = await Promise.all(
    describedBy(of.service, args, rendered, live).map((each) => tryOne({ ...of, api }, each)),
  );
  return all.filter((each) => each !== undefined);
}

/**
 * What the failures of a trial mean. A refused object ends this `up`, unless the program names an earlier release, which may be a rollback:
 * it must not depend on an object that it does not change. The Deployment does not count if canary runs another release than the rendered
 * one.
 *
 * @returns lines about objects that could not be tried; only in a preview, because `up` itself shows the rest
 * @throws UserError for the first object that is refused
 */
export function linesOf(
  service: string,
  failures: readonly TrialFailure[],
  on: { readonly isRendered: boolean; readonly isPinned: boolean; readonly isPreview: boolean },
): LogLine[] {
  const counting = failures.filter(({ kind }) => on.isRendered || kind !== "Deployment");
  const refused = counting.find(({ isRefused }) => isRefused);
  if (refused && !on.isPinned) {
    throw new UserError(
      `${service}: the API server refuses ${refused.kind} ${refused.name} (${refused.why}): correct the arguments of the service.`,
    );
  }
  return counting.flatMap(({ kind, name, why }): LogLine[] => {
    const text = `${service}: the API server could not try ${kind} ${name} (${why}), so up may still be refused.`;
    return on.isPreview ? [{ level: "info", text }] : [];
  });
}

function describedBy(service: string, args: ServiceArgs, release: Release, live: Live): Described[] {
  const owned = tracksOf(args);
  const labels = { app: service };
  const mode = modeOf(args);
  const { routes } = mode.objects(service, args);
  const front = { owner: "", sequence: 0 };
  const run = { release, replicas: 1, sequence: 0, stack: "", owner: "", fastRollback: false };
  const isNew = releaseOf(live.deployments.canary) !== release.id;
  const account = serviceAccountObject(service, args, "");
  const ofCanary = (): Described[] => [
    ...(isNew ? [{ kind: "Deployment", object: deploymentObject(service, "canary", args, run) } as const] : []),
    ...(mode.hasService
      ? [{ kind: "Service", object: sharedServiceObject(service, args, { selector: labels }, front) } as const]
      : []),
    ...Object.keys(args.services ?? {}).map(
      (name): Described => ({
        kind: "Service",
        object: additionalServiceObject(service, name, args, { selector: labels }, front),
      }),
    ),
    ...(account ? [{ kind: "ServiceAccount", object: account } as const] : []),
    ...routes.map((route) => ({
      kind: route.kind,
      object: routeObject(service, args, route, mode.plan(0, 1, labels), "token", front),
    })),
    ...(args.ingress
      ? [{ kind: "Ingress", object: ingressObject(service, service, args, args.ingress, "") } as const]
      : []),
  ];
  const { debugIngress, disruptionBudget, autoscaling } = args;
  const name = debugIngressName(service);
  return [
    ...(owned.includes("canary") ? ofCanary() : []),
    ...(disruptionBudget ? owned : []).map(
      (track): Described => ({
        kind: "PodDisruptionBudget",
        object: budgetObject(service, track, args, ""),
      }),
    ),
    ...(owned.includes("stable") && debugIngress
      ? [{ kind: "Ingress", object: ingressObject(name, service, args, debugIngress, "") } as const]
      : []),
    ...(owned.includes("stable") && autoscaling
      ? [{ kind: autoscalerKind(autoscaling), object: autoscalerObject(service, args, autoscaling, "") } as const]
      : []),
  ];
}

/** Why an object is refused, or could not be tried; undefined if it is accepted. */
async function tryOne(
  { api, namespace }: ServiceHandle,
  { kind, object }: Described,
): Promise<TrialFailure | undefined> {
  const path = objectPath(kind, namespace, object.metadata.name);
  const { metadata: _, spec, ...others } = object;
  const changes = [...fieldsOf("/spec", spec), ...fieldsOf("", others)];
  try {
    await api.tryPatch(path, changes, "strict").catch((error) => {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      return api.tryCreate(listPath(kind, namespace), { ...typeOf(kind), ...object });
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) {
      // No answer in time: the timeout, or a connection that broke. A read of the same `up` reports a cluster that does not answer at all.
      return { kind, name: object.metadata.name, why: clauseOf(error), isRefused: false };
    }
    if (harmless.includes(error.status)) return undefined;
    return { kind, name: object.metadata.name, why: error.message, isRefused: isRefusal(error) };
  }
}

/** Operations that set each of these fields. */
function fieldsOf(path: string, fields: object = {}) {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => ({ op: "add", path: `${path}/${field}`, value }) as const);
}

/** Another writer was faster; the namespace or the kind does not exist, which other conditions report. */
const harmless: readonly number[] = [404, 409];

/**
 * Whether the answer is about the object itself: an invalid value (422), an unknown field or a value of another type (400 in
 * apimachinery's strict decoding). A webhook or policy that denies it is no refusal here, because it might accept what a transform of the
 * program, or an object that the same `up` creates before, adds.
 */
function isRefusal({ status, message }: ApiError): boolean {
  if (/denied (the )?request/.test(message)) return false;
  return status === 422 || (status === 400 && /strict decoding error|cannot be handled as/.test(message));
}
