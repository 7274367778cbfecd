import { kubectl, namespace } from "../harness/kubectl.ts";
import { Project } from "../harness/project.ts";
import { RELEASE_IMAGES } from "../sandbox/images.ts";
import type { AtEnd } from "./session.ts";

/** Namespaces of a run, made by it and deleted at its end. */
export const namespaces = {
  ours: "gray-bench",
  kubectl: "gray-bench-kubectl",
  bare: "gray-bench-bare",
  token: "gray-bench-token",
} as const;

/** Seconds that a pod of prod must stay ready; the canary's is an option of the run. */
export const prodMinReadySeconds = 2;

const images = [RELEASE_IMAGES.A, RELEASE_IMAGES.B] as const;

/** Every second round uses the first image again, so that each round is a new release to its Deployment. */
export function imageOf(round: number): string {
  return images[round % 2] ?? RELEASE_IMAGES.A;
}

/** What the figures are measured on: our program with two releases that prod may run, and what has to go at the end. */
export class Bench {
  readonly project: Project;
  /** The ids of the two releases, by {@link imageOf}. */
  readonly releases: readonly string[];

  private constructor(project: Project, releases: readonly string[]) {
    this.project = project;
    this.releases = releases;
  }

  /**
   * Both tracks run the second release.
   *
   * @param atEnd takes what has to be done at the end of the run, last first, even if this fails half-way
   */
  static async start(atEnd: AtEnd): Promise<Bench> {
    for (const each of Object.values(namespaces)) {
      atEnd(() => kubectl(["delete", "namespace", each, "--ignore-not-found"]));
      await namespace(each);
    }
    const project = await Project.create({ namespace: namespaces.ours, minReadySeconds: prodMinReadySeconds });
    atEnd(() => project.end());
    const releases: string[] = [];
    for (const image of images) {
      project.share({ image });
      await project.mustUp("canary");
      releases.push(await project.release("canary", `${namespaces.ours}/fop-gate`));
    }
    await project.mustUp("prod");
    await approve(project, releases[0] ?? "");
    return new Bench(project, releases);
  }

  /** A new release on canary: the whole `up`, until it is available. */
  async canaryUp(round: number): Promise<void> {
    this.project.share({ image: imageOf(round) });
    await this.project.mustUp("canary");
  }

  /** The release of this round on prod: the whole `up`, until all pods run it. */
  async prodUp(round: number): Promise<void> {
    this.project.configure("prod", { release: this.releases[round % 2] });
    await this.project.mustUp("prod");
  }
}

async function approve(project: Project, release: string): Promise<void> {
  const { code, output } = await project.gray("approve", release, "--reason", "bench", "-n", namespaces.ours);
  if (code !== 0) throw new Error(output);
}
