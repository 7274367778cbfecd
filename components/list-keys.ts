/** The keys by which server-side apply tells the entries of a pod's lists apart. An entry whose key is there twice is refused by the API server. */
import { describedContainers, type ReleaseArgs } from "./release.ts";
import { UserError } from "./user-error.ts";

type Entry = Readonly<Record<string, unknown>>;

/**
 * The key of an entry, by list of a container or of a pod: `x-kubernetes-list-map-keys` of core/v1 (Kubernetes 1.36). Lists whose entries the API
 * server refuses twice without server-side apply too, such as containers and volumes, are left out.
 */
const keyOf = {
  ports: ({ containerPort, protocol = "TCP" }: Entry) => `${containerPort}/${protocol}`,
  env: ({ name }: Entry) => `${name}`,
  volumeMounts: ({ mountPath }: Entry) => `${mountPath}`,
  imagePullSecrets: ({ name }: Entry) => `${name}`,
  hostAliases: ({ ip }: Entry) => `${ip}`,
};

/**
 * An entry of a list whose key an earlier entry has too.
 *
 * @example const found: DuplicateEntry = { list: "ports", key: "80/TCP" };
 */
export interface DuplicateEntry {
  readonly list: keyof typeof keyOf;
  readonly key: string;
}

/**
 * The first entry in the lists of a container or of a pod whose key is there twice; undefined if all differ.
 *
 * @example duplicateIn({ name: "web", ports: [{ containerPort: 80 }, { containerPort: 80, name: "http" }] }) // { list: "ports", key: "80/TCP" }
 */
export function duplicateIn(fields: object): DuplicateEntry | undefined {
  for (const [list, key] of Object.entries(keyOf) as [DuplicateEntry["list"], (entry: Entry) => string][]) {
    const entries = (fields as Readonly<Record<string, readonly Entry[] | undefined>>)[list] ?? [];
    const keys = entries.map(key);
    const twice = keys.find((each, i) => keys.indexOf(each) !== i);
    if (twice !== undefined) return { list, key: twice };
  }
  return undefined;
}

/**
 * Checks that the entries of each list of the pod and its containers differ. A Deployment that was made without server-side apply may have the same entry twice.
 *
 * @throws UserError that names the container or the pod, the list and the key
 * @example assertUniqueEntries("web", { containers: [container] })
 */
export function assertUniqueEntries(service: string, args: ReleaseArgs): void {
  const parts = [
    ...describedContainers(args).map((container) => [`container ${container.name}`, container] as const),
    ["pod", args.pod ?? {}] as const,
  ];
  for (const [what, fields] of parts) {
    const found = duplicateIn(fields);
    if (found === undefined) continue;
    throw new UserError(
      `${service}: ${what} has ${found.key} twice in ${found.list}, which server-side apply refuses: remove one of the entries.`,
    );
  }
}
