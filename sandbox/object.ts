/** An object that the sandbox puts into its own cluster, together with the path of the API that it lives at. */

export interface Placed {
  readonly path: string;
  readonly object: object;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Reading, and hearing of every change. */
export const WATCH = ["get", "list", "watch"];

/** Holds for the kinds used here, whose plurals are regular. */
export function place(
  apiVersion: string,
  kind: string,
  metadata: { readonly name: string; readonly namespace?: string },
  content: object = {},
): Placed {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within = metadata.namespace ? `/namespaces/${metadata.namespace}` : "";
  const name = kind.toLowerCase();
  const plural = name.endsWith("s") ? `${name}es` : `${name}s`;
  return { path: `${root}${within}/${plural}/${metadata.name}`, object: { apiVersion, kind, metadata, ...content } };
}

const RBAC = "rbac.authorization.k8s.io";

/** A user may do this in every namespace: a role of the user's name, and its binding. */
export function grant(user: string, rules: readonly Rule[]): Placed[] {
  const metadata = { name: user };
  return [
    place(`${RBAC}/v1`, "ClusterRole", metadata, { rules }),
    place(`${RBAC}/v1`, "ClusterRoleBinding", metadata, {
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: user },
      subjects: [{ apiGroup: RBAC, kind: "User", name: user }],
    }),
  ];
}
