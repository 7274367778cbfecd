/** Ownership of objects: owner ids, and the check that each object belongs to this stack. */

import { randomBytes } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import { oneLine } from "../border/foreign-text.ts";
import type { StackState } from "../components/history.ts";
import { ownerAnnotation, ownerName, serviceLabel, stackAnnotation } from "../components/names.ts";
import type { ObjectReference } from "../components/object-reference.ts";
import { UserError } from "../components/user-error.ts";
import type { Metadata, PartialObject } from "../kubernetes/objects/metadata.ts";
import { objectPath } from "../kubernetes/resources.ts";
import type { ServiceHandle } from "../kubernetes/service-handle.ts";
import type { Live } from "../live/live.ts";
import { heldValue } from "./held-value.ts";
import { perDeployment } from "./per-deployment.ts";
import { ownStack } from "./stack-state.ts";

/** The owner id of this stack for a service, and the resource that holds it in the state. */
export interface Owner {
  readonly owner: string;
  readonly ownerStash: pulumi.Resource;
}

/**
 * The owner id of this stack for a service: a random value that is in the state before any object of the service is created, and in an
 * annotation of every object. It distinguishes a stack that goes on after it was killed from an empty stack of the same name in another
 * backend.
 *
 * @param resource name of the component in the program
 * @param former the aliases of the component, under whose names the stash is looked for too
 */
export async function ownerOf(
  resource: string,
  former: NonNullable<pulumi.ComponentResourceOptions["aliases"]> = [],
): Promise<Owner> {
  const first = randomBytes(8).toString("hex");
  // A run that leaves the stash out creates no object, because every object depends on the stash.
  const { value, stash } = await heldValue(ownerName, resource, first, { former });
  return { owner: value, ownerStash: stash };
}

/** The name of the component of each service that this deployment has opened, by stack and key. */
const described = perDeployment(() => new Map<string, string>());

/** @throws UserError if the program describes a service twice, by two components */
export function assertDescribedOnce(resource: string, key: string): void {
  const at = JSON.stringify([ownStack(), key]);
  const other = described().get(at) ?? resource;
  described().set(at, other);
  if (other === resource) return;
  throw new UserError(
    `CanaryService ${resource} and CanaryService ${other} both describe the service ${key}: give one of them another name or namespace.`,
  );
}

/** An object with the labels and annotations that name its owner. */
interface Labelled {
  readonly metadata: Pick<Metadata, "name" | "labels" | "annotations">;
}

/** An object that a stack may write, with the live one; undefined if it does not exist. */
export interface OwnableObject {
  readonly object: ObjectReference;
  readonly live: Labelled | undefined;
}

/** The service whose objects are checked, and the stack that checks them. */
export interface Owning {
  readonly service: string;
  readonly namespace: string;
  /** The owner id of this stack. */
  readonly owner: string;
  /** The full name of this stack. */
  readonly stack: string;
  /** This stack's state of the service. */
  readonly own: Pick<StackState, "owner"> | undefined;
  /** The reason of a break-glass override (GRAY_BREAK_GLASS). */
  readonly breakGlass: string | undefined;
}

/**
 * Checks that each object that this stack is about to write is its own or does not exist. This is the only protection against another
 * stack: the provider takes over existing objects, because a killed `up` leaves objects that are in no state.
 *
 * 1. An object that does not exist may be created.
 * 2. An object must have the label of the service, else this program did not create it.
 * 3. It must have the owner id of this stack. An object without an owner id is this stack's too, if the stack's state of the service is
 *    older than owner ids.
 * 4. With a break-glass override an object of another owner is taken over.
 *
 * @param objects the objects that the stack writes, each with the live object
 * @returns warnings for the user
 * @throws UserError for the first object that is not this stack's
 */
export function assertOwned(
  { service, namespace, owner, stack, own, breakGlass }: Owning,
  objects: readonly OwnableObject[],
): string[] {
  const takeovers: string[] = [];
  for (const { object, live } of objects) {
    if (live === undefined) continue;
    const { kind, name } = object;
    assertOurs(kind, live, service, namespace);
    const { annotations = {} } = live.metadata;
    const [id, by] = [ownerAnnotation, stackAnnotation].map((key) => annotations[key] && oneLine(annotations[key]));
    if (id === owner || (id === undefined && own && own.owner === undefined)) continue;
    const what = `${kind} ${name} in namespace ${namespace}${by === undefined ? "" : `, of stack ${by},`}`;
    const found = `${what} has ${id === undefined ? "no owner id" : `the owner id ${id}`} and stack ${stack} in this Pulumi backend has the owner id ${owner}`;
    if (breakGlass) {
      takeovers.push(`${found}: it is taken over because: ${breakGlass}.`);
    } else if (id === undefined && own?.owner === owner) {
      throw new UserError(
        `${found}: put it back with kubectl annotate ${kind} ${name} -n ${namespace} ${ownerAnnotation}=${owner}.`,
      );
    } else {
      throw new UserError(
        `${found}, so another state manages it: use the backend whose state made it (pulumi login), or, if that state is lost, take the objects over with GRAY_BREAK_GLASS="<reason>" pulumi up.`,
      );
    }
  }
  return takeovers;
}

/** How to use an object that another creator made. */
const uses: Readonly<Record<string, string>> = {
  Secret: "name it in the containers in place of secrets, ",
  ServiceAccount: "use it by pod.serviceAccountName in place of serviceAccount, ",
};

/** Checks that an object has the label of the service, if it exists. @throws UserError if it does not */
export function assertOurs(kind: string, object: Labelled | undefined, service: string, namespace: string): void {
  const owner = object?.metadata.labels?.[serviceLabel];
  if (object === undefined || owner === service) return;
  const { name } = object.metadata;
  const isAdoptable = owner === undefined && name === service && ["Deployment", "Service", "Ingress"].includes(kind);
  const adopt = isAdoptable ? `adopt it with gray adopt ${service} if kubectl or Helm created it, ` : "";
  const use = uses[kind] ?? "";
  throw new UserError(
    `${kind} ${name} in namespace ${namespace} was not created by this program: ${adopt}${use}choose another service name, or remove that ${kind} yourself if nothing uses it.`,
  );
}

/**
 * The live object of each of these objects. Reads only those that are not given.
 *
 * @param configMaps the ConfigMaps with the label of the service
 */
export async function readObjects(
  { api, namespace }: ServiceHandle,
  { deployments, front, beside = [] }: Live,
  configMaps: readonly PartialObject[],
  objects: readonly ObjectReference[],
): Promise<OwnableObject[]> {
  const known = [
    ...Object.values(deployments).map((live) => ["Deployment", live] as const),
    ...[front.service, front.canaryAccess].map((live) => ["Service", live] as const),
    ["Ingress", front.ingress] as const,
    ...front.routes.map((live) => [live.kind, live] as const),
    ...configMaps.map((live) => ["ConfigMap", live] as const),
    ...beside.map((live) => [live.kind, live] as const),
  ];
  return Promise.all(
    objects.map(async (object) => {
      const read = known.find(([kind, live]) => kind === object.kind && live?.metadata.name === object.name)?.[1];
      return { object, live: read ?? (await api.get(objectPath(object.kind, namespace, object.name))) };
    }),
  );
}
