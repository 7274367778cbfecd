import type { Project, Stack } from "../harness/project.ts";

/** A Kubernetes object as a program describes it. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; namespace: string };
}

/** The manifests that a stack of ours has in its state, for another namespace. */
export async function stackObjects(project: Project, stack: Stack, namespace: string): Promise<Manifest[]> {
  const { stdout } = await project.must(["stack", "export", "--stack", stack]);
  const { resources } = JSON.parse(stdout).deployment as { resources: { type: string; inputs?: Manifest }[] };
  const objects = resources
    .filter(({ type, inputs }) => type.startsWith("kubernetes:") && inputs?.kind !== undefined)
    .map(({ inputs }) => structuredClone(inputs) as Manifest);
  for (const { metadata } of objects) metadata.namespace = namespace;
  return objects;
}
