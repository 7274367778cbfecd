/** The services in the state of a stack, as `pulumi stack export` shows it. */
import * as v from "valibot";
import { ownerName, stashType, stateName } from "../components/names.ts";
import { mapOf } from "../components/schema.ts";
import type { Resource } from "../pulumi/pulumi.ts";

/** A service for which an `up` of the stack has completed. */
export interface KnownService {
  readonly namespace: string;
  readonly service: string;
  /** UID of the cluster. */
  readonly cluster: string;
  /** Ids of the releases in the outputs of an older version, newest first. @default none: they are stored in the cluster */
  readonly exported?: readonly string[];
}

const stashed = v.object({ namespace: v.string(), cluster: v.string() });
/** The stack output `releases` of programs before the releases were stored in the cluster. */
const exported = v.object({
  releases: mapOf(v.object({ cluster: v.string(), history: v.array(v.object({ id: v.string() })) })),
});

/** The services of a stack. An entry that cannot be understood is left out: `up` reports what is wrong with it. */
export function knownServices(resources: readonly Resource[]): KnownService[] {
  const found = resources.flatMap((resource): KnownService[] => {
    // Its name is that of the service, in a namespace if its resource has another name (components/names.ts, stateName).
    const service = stashedFor(resource, (of) => stateName(of))
      ?.split("/")
      .at(-1);
    const state = v.safeParse(stashed, resource.outputs?.input);
    return service === undefined || !state.success ? [] : [{ service, ...state.output }];
  });
  const root = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
  const older = v.safeParse(exported, root?.outputs);
  const ofOlder = Object.entries(older.success ? older.output.releases : {}).flatMap(([key, { cluster, history }]) => {
    const [namespace = "", service = ""] = key.split("/");
    return found.some((each) => each.service === service && each.namespace === namespace)
      ? []
      : [{ namespace, service, cluster, exported: history.map(({ id }) => id) }];
  });
  return [...found, ...ofOlder];
}

/** The owner id of a service in a stack; undefined if an older version made it, which had no owner ids. */
export function ownerIn(resources: readonly Resource[], component: string): string | undefined {
  const stash = resources.find((resource) => stashedFor(resource, ownerName) === component);
  const owner = stash?.outputs?.output;
  return typeof owner === "string" ? owner : undefined;
}

/** The service whose Stash with this name a resource is; undefined if it is another resource. */
function stashedFor({ type, urn }: Resource, nameOf: (service: string) => string): string | undefined {
  const [suffix, name] = [nameOf(""), urn.split("::").at(-1) ?? ""];
  return type === stashType && name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
}
