/** The keys by which server-side apply tells the entries of a pod's lists apart. An entry whose key is there twice is refused by the API server. */
import { describedContainers, type ReleaseArgs } from "./release.ts";
import { UserError } from "./user-error.ts";

type Entry = Readonly<Record<string, unknown>>;

/** The key of an entry, by list: `x-kubernetes-list-map-keys` of core/v1 (Kubernetes 1.36). Lists whose entries have unique names anyway are left out. */
const keyOf: Readonly<Record<"ports" | "env" | "volumeMounts", (entry: Entry) => string>> = {
  ports: ({ containerPort, protocol = "TCP" }) => `${containerPort}/${protocol}`,
  env: ({ name }) => `${name}`,
  volumeMounts: ({ mountPath }) => `${mountPath}`,
};

/** An entry of a container's list whose key an earlier entry has too. */
export interface DuplicateEntry {
  readonly list: keyof typeof keyOf;
  readonly key: string;
}

/**
 * The first entry of a container's lists whose key is there twice; undefined if all differ.
 *
 * @example duplicateIn({ name: "web", ports: [{ containerPort: 80 }, { containerPort: 80, name: "http" }] }) // { list: "ports", key: "80/TCP" }
 */
export function duplicateIn(container: object): DuplicateEntry | undefined {
  for (const list of ["ports", "env", "volumeMounts"] as const) {
    const entries = (container as Readonly<Record<string, readonly Entry[] | undefined>>)[list] ?? [];
    const keys = entries.map(keyOf[list]);
    const key = keys.find((each, i) => keys.indexOf(each) !== i);
    if (key !== undefined) return { list, key };
  }
  return undefined;
}

/**
 * Checks that the entries of the containers' lists differ. A Deployment that was made without server-side apply may have the same entry twice.
 *
 * @throws UserError that names the container, the list and the key
 * @example assertUniqueEntries("web", { containers: [container] })
 */
export function assertUniqueEntries(service: string, args: ReleaseArgs): void {
  for (const container of describedContainers(args)) {
    const found = duplicateIn(container);
    if (found === undefined) continue;
    throw new UserError(
      `${service}: container ${container.name} has ${found.key} twice in ${found.list}, which server-side apply refuses: remove one of the entries.`,
    );
  }
}
