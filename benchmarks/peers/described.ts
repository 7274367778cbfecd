import { type Manifest, stackObjects } from "../stack-objects.ts";
import type { Change } from "./contender.ts";
import type { Gray } from "./gray.ts";

interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string> };
  readonly spec: { readonly containers: { image: string }[] };
}

interface DeploymentManifest extends Manifest {
  readonly spec: { readonly template: PodTemplate };
}

/** fop-gate as our own stacks describe it, for another tool to run in a namespace of its own. */
export class Described {
  /** Its config files, and the Service that selects all of its pods. */
  readonly shared: readonly Manifest[];
  private readonly stable: PodTemplate;

  private constructor(shared: readonly Manifest[], stable: PodTemplate) {
    this.shared = shared;
    this.stable = stable;
  }

  static async by(ours: Gray, namespace: string): Promise<Described> {
    const [front, stable] = await Promise.all([
      stackObjects(ours.project, "canary", namespace),
      stackObjects(ours.project, "prod", namespace),
    ]);
    const deployment = stable.find(({ kind }) => kind === "Deployment") as DeploymentManifest | undefined;
    if (deployment === undefined) throw new Error("the stack of stable has no Deployment");
    const shared = front.filter(
      ({ kind, metadata }) => kind === "ConfigMap" || (kind === "Service" && metadata.name === "fop-gate"),
    );
    return new Described(shared, deployment.spec.template);
  }

  /** The pods of a change; they say its note as their release. */
  template({ image, note }: Change): PodTemplate {
    const template = structuredClone(this.stable);
    template.metadata.labels.release = note;
    const [container] = template.spec.containers;
    if (container) container.image = image;
    return template;
  }
}
