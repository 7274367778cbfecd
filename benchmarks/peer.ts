import { apply, kubectl } from "../harness/kubectl.ts";
import type { Project, Stack } from "../harness/project.ts";
import { type Manifest, stackObjects } from "./stack-objects.ts";

interface DeploymentManifest extends Manifest {
  readonly spec: {
    minReadySeconds: number;
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string> };
      readonly spec: { readonly containers: { image: string }[] };
    };
  };
}

/** The objects of one of our stacks, rolled by hand: `kubectl apply`, then `kubectl rollout status`. */
export class Peer {
  private readonly objects: readonly Manifest[];
  private readonly namespace: string;

  private constructor(objects: readonly Manifest[], namespace: string) {
    this.objects = objects;
    this.namespace = namespace;
  }

  /** Takes over the manifests that our stack has in its state, for another namespace. */
  static async of(project: Project, stack: Stack, namespace: string): Promise<Peer> {
    return new Peer(await stackObjects(project, stack, namespace), namespace);
  }

  /** Applies all objects with this image and waits as long as kubectl does. */
  async roll(image: string, minReadySeconds: number): Promise<void> {
    const { metadata, spec } = this.deployment();
    const [container] = spec.template.spec.containers;
    if (container) container.image = image;
    spec.template.metadata.labels.release = image.slice(image.lastIndexOf(":") + 1);
    spec.minReadySeconds = minReadySeconds;
    await apply({ apiVersion: "v1", kind: "List", items: this.objects });
    await kubectl(["rollout", "status", `deployment/${metadata.name}`, "-n", this.namespace]);
  }

  private deployment(): DeploymentManifest {
    const found = this.objects.find(({ kind }) => kind === "Deployment");
    if (!found) throw new Error("the stack has no Deployment");
    return found as DeploymentManifest;
  }
}
