import { randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { oneLine } from "../border/foreign-text.ts";
import type { StackState } from "../components/history.ts";
import { ownerAnnotation, ownerName, serviceLabel, stackAnnotation } from "../components/names.ts";
import type { ServiceObject } from "../components/objects.ts";
import { UserError } from "../components/user-error.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { Live } from "../live/live.ts";
import { type LiveObject, pathOf } from "../live/object.ts";

/** The owner id of this stack for a service, and the resource that holds it in the state. */
export interface Owner {
  readonly owner: string;
  readonly ownerStash: pulumi.Resource;
}

/**
 * The owner id of this stack for a service: a random value that the state holds before any object of the service is made, and every
 * object carries. It is what tells a stack that goes on after it was killed from an empty one of the same name in another backend.
 */
export async function ownerOf(service: string): Promise<Owner> {
  const input = randomBytes(8).toString("hex");
  // A stash keeps the first value that it was given; without ignoreChanges each run would be a change.
  const ownerStash = new pulumi.Stash(ownerName(service), { input }, { ignoreChanges: ["input"] });
  const output: { apply(use: (value?: unknown) => void, withUnknowns: boolean): unknown } = ownerStash.output;
  const held = await new Promise<unknown>((use) => output.apply(use, true));
  // What leaves the stash out makes nothing: a refresh that runs the program, or an up with --target, as all depends on it.
  return { owner: typeof held === "string" ? held : input, ownerStash };
}

/** What tells whose an object is. */
interface Labelled {
  readonly metadata: Pick<LiveObject["metadata"], "name" | "labels" | "annotations">;
}

/** Whose objects are looked at, and by whom. */
export interface Owning {
  readonly service: string;
  readonly namespace: string;
  /** The owner id of this stack. */
  readonly owner: string;
  /** The full name of this stack. */
  readonly stack: string;
  /** What this stack remembers of the service. */
  readonly own: Pick<StackState, "owner"> | undefined;
  /** GRAY_BREAK_GLASS */
  readonly breakGlass: string | undefined;
}

/**
 * Whether each object that this stack is about to make is its own or not there. The provider takes over whatever exists, because a
 * killed `up` leaves objects that no state holds, so nothing else stands in the way of another stack.
 *
 * 1. An object that is not there is free.
 * 2. It has the label of the service, else this program did not make it.
 * 3. It has the owner id of this stack. One without any is this stack's too, if the stack remembers the service from before there
 *    were owner ids.
 * 4. With a broken glass an object of another owner is taken over.
 *
 * @param objects what the stack makes, with what stands there
 * @returns what a person should know
 * @throws Refusal for the first object that is not this stack's
 */
export function assertOwned(
  { service, namespace, owner, stack, own, breakGlass }: Owning,
  objects: readonly { readonly object: ServiceObject; readonly live: Labelled | undefined }[],
): string[] {
  const taken: string[] = [];
  for (const { object, live } of objects) {
    if (live === undefined) continue;
    const { kind, name } = object;
    assertOurs(kind, live, service, namespace);
    const { annotations = {} } = live.metadata;
    const [its, by] = [ownerAnnotation, stackAnnotation].map((key) => annotations[key] && oneLine(annotations[key]));
    if (its === owner || (its === undefined && own && own.owner === undefined)) continue;
    const what = `${kind} ${name} in namespace ${namespace}${by === undefined ? "" : `, of stack ${by},`}`;
    const found = `${what} has ${its === undefined ? "no owner id" : `the owner id ${its}`} and the state of stack ${stack} here has ${owner}`;
    if (breakGlass) {
      taken.push(`${found}: it is taken over because: ${breakGlass}.`);
    } else if (its === undefined && own?.owner === owner) {
      throw new UserError(
        `${found}: put it back with kubectl annotate ${kind} ${name} -n ${namespace} ${ownerAnnotation}=${owner}.`,
      );
    } else {
      throw new UserError(
        `${found}: use the backend whose state made it (pulumi login), or, if that state is lost, take the objects over with GRAY_BREAK_GLASS=<reason>.`,
      );
    }
  }
  return taken;
}

/** @throws Refusal if an object has not the label of the service */
export function assertOurs(kind: string, object: Labelled | undefined, service: string, namespace: string): void {
  const owner = object?.metadata.labels?.[serviceLabel];
  if (object === undefined || owner === service) return;
  const { name } = object.metadata;
  const adopt =
    owner === undefined && name === service ? `; gray adopt ${service} takes in what kubectl or Helm made` : "";
  throw new UserError(
    `${kind} ${name} in namespace ${namespace} was not made by this program: take another service name, or remove that ${kind} yourself${adopt}.`,
  );
}

/** What stands of these objects: from what is read already, and the rest from the cluster. */
export async function readObjects(
  api: Cluster,
  namespace: string,
  { deployments, front }: Live,
  objects: readonly ServiceObject[],
): Promise<{ object: ServiceObject; live: Labelled | undefined }[]> {
  const known = [
    ...Object.values(deployments).map((live) => ["Deployment", live] as const),
    ...[front.service, front.canaryAccess].map((live) => ["Service", live] as const),
    ["Ingress", front.ingress] as const,
    ...front.routes.map((live) => ["HTTPRoute", live] as const),
  ];
  return Promise.all(
    objects.map(async (object) => {
      const read = known.find(([kind, live]) => kind === object.kind && live?.metadata.name === object.name)?.[1];
      return { object, live: read ?? (await api.get<LiveObject>(pathOf(object.kind, namespace, object.name))) };
    }),
  );
}
