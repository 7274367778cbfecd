import { get, kubectl, namespace as makeNamespace } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { GATEWAY } from "../../sandbox/gateway.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import type { AtEnd } from "../session.ts";
import type { Change, Contender, Door, End } from "./contender.ts";
import type { Setting } from "./rules.ts";

export type Traffic = "pods" | "gateway";

/** Seconds that a pod must stay ready, of every contender. */
export const minReadySeconds = 1;
/** Pods of stable, as in the checkout. */
export const replicas = 9;

/** The listener without TLS, through which all ask. */
export const listener = { ...GATEWAY, sectionName: "http" };

const config = "config/fop-gate/fop-gate.conf";

/** Our own: `gray rollout`. */
export class Gray implements Contender {
  readonly name: string;
  readonly door: Door;
  readonly project: Project;
  private readonly namespace: string;
  private readonly program: string;
  private readonly settings: string;

  private constructor(namespace: string, project: Project, traffic: Traffic, door: Door) {
    this.name = `gray, by ${traffic}`;
    this.namespace = namespace;
    this.project = project;
    this.door = door;
    this.program = project.read("index.ts");
    this.settings = project.read(config);
  }

  /** @param gateway address of the sandbox's gateway */
  static async start(namespace: string, traffic: Traffic, gateway: string, atEnd: AtEnd): Promise<Gray> {
    atEnd(() => kubectl(["delete", "namespace", namespace, "--ignore-not-found"]));
    await makeNamespace(namespace);
    const project = await Project.create({ namespace, replicas, minReadySeconds, image: RELEASE_IMAGES.A });
    atEnd(() => project.end());
    const host = `${namespace}.gray.test`;
    if (traffic === "gateway") {
      const routes = [{ gateways: [listener], hostnames: [host] }];
      const program = project.read("index.ts");
      project.write(
        "index.ts",
        program.replace("  plan: {\n", `  gateway: ${JSON.stringify({ routes })},\n  plan: {\n`),
      );
    }
    project.configure("canary", { weight: 10 });
    await project.mustUp("canary");
    await project.mustUp("prod");
    const { spec } = await get(namespace, "service", "fop-gate");
    const door = traffic === "gateway" ? { url: `${gateway}/`, host } : { url: `http://${spec.clusterIP}/` };
    return new Gray(namespace, project, traffic, door);
  }

  async release({ image, note }: Change, { gray: steps }: Setting): Promise<End> {
    this.project.write(
      "index.ts",
      steps === undefined ? this.program : this.program.replace("  plan: {\n", `  plan: {\n    steps: ${steps},\n`),
    );
    this.project.write(config, `${this.settings}# ${note}\n`);
    this.project.share({ image });
    const { code, output } = await this.project.gray("rollout", "-n", this.namespace);
    if (code !== 0 && code !== 3) throw new Error(`gray rollout ended with ${code}:\n${output}`);
    const { data } = await get(this.namespace, "configmap", "fop-gate-rollout");
    const [{ release, outcome }] = JSON.parse(data.record).ended;
    return { release, outcome };
  }
}
