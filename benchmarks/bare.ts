import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../harness/command.ts";
import { RELEASE_IMAGES } from "../sandbox/images.ts";

const projectFile = `name: bare
runtime:
  name: nodejs
  options:
    typescript: false
options:
  refresh: always
main: index.ts
`;

const program = (namespace: string, more: string) => `import * as k8s from "@pulumi/kubernetes";
${more}
const labels = { app: "bare" };
const pod = { containers: [{ name: "web", image: ${JSON.stringify(RELEASE_IMAGES.A)} }] };
export const { id } = new k8s.apps.v1.Deployment("bare", {
  metadata: { name: "bare", namespace: ${JSON.stringify(namespace)} },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
});
`;

const password = `import * as random from "@pulumi/random";
export const { result } = new random.RandomPassword("token", { length: 32 });
`;

/**
 * The least that anybody would write: a Pulumi program with one Deployment, started by the same language host with the
 * same options and on the same kind of backend as ours.
 */
export class BareProgram {
  readonly folder: string;
  private readonly env: NodeJS.ProcessEnv;

  private constructor(folder: string) {
    this.folder = folder;
    this.env = { PULUMI_BACKEND_URL: `file://${join(folder, ".state")}`, PULUMI_CONFIG_PASSPHRASE: "harness" };
  }

  /** @param options.password whether it has a RandomPassword too, and so a second provider. @default false */
  static async create(namespace: string, options: { password?: boolean } = {}): Promise<BareProgram> {
    const bare = new BareProgram(mkdtempSync(join(tmpdir(), "gray-bare-")));
    writeFileSync(join(bare.folder, "Pulumi.yaml"), projectFile);
    writeFileSync(join(bare.folder, "package.json"), JSON.stringify({ name: "bare", type: "module" }));
    writeFileSync(join(bare.folder, "index.ts"), program(namespace, options.password ? password : ""));
    symlinkSync(join(import.meta.dirname, "../node_modules"), join(bare.folder, "node_modules"));
    mkdirSync(join(bare.folder, ".state"));
    await bare.must(["stack", "init", "bare"]);
    return bare;
  }

  async mustUp(): Promise<void> {
    await this.must(["up", "--yes", "--skip-preview", "--stack", "bare"]);
  }

  async end(): Promise<void> {
    await this.must(["destroy", "--yes", "--skip-preview", "--stack", "bare"]);
    rmSync(this.folder, { recursive: true });
  }

  private async must(args: readonly string[]): Promise<void> {
    const { code, output } = await run("pulumi", [...args, "--non-interactive"], { cwd: this.folder, env: this.env });
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} of the bare program ended with ${code}:\n${output}`);
  }
}
