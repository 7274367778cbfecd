import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { dump, load } from "js-yaml";
import type { StackState } from "../components/history.ts";
import { stashType, stateName } from "../components/names.ts";
import { type Outcome, type Running, run, start } from "./command.ts";

const checkout = join(import.meta.dirname, "..");

export type Stack = "canary" | "prod";

/** Settings by name, of both stacks or of one. */
type Settings = Readonly<Record<string, unknown>>;

/** Changes to a project, as a person makes them. */
export interface Change {
  readonly share?: Settings;
  readonly configure?: Readonly<Partial<Record<Stack, Settings>>>;
  readonly files?: Readonly<Record<string, ((text: string) => string) | null>>;
}

interface ProjectFile {
  config: Record<string, { default: unknown }>;
}
interface StackFile {
  encryptionsalt?: string;
  config: Record<string, unknown>;
}

/**
 * A copy of the checkout's Pulumi program with stacks of its own in a backend of its own, so that tests change settings
 * and files as a person would, and neither each other nor the checkout sees it.
 */
export class Project {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;

  private constructor(folder: string) {
    this.folder = folder;
    this.env = { PULUMI_BACKEND_URL: `file://${join(folder, ".state")}`, PULUMI_CONFIG_PASSPHRASE: "harness" };
  }

  /** A project that was created before. */
  static at(folder: string): Project {
    return new Project(folder);
  }

  /** @param shared settings of both stacks that differ from the checkout's */
  static async create(shared: Settings = {}): Promise<Project> {
    const project = new Project(mkdtempSync(join(tmpdir(), "gray-harness-")));
    const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: checkout, encoding: "utf8" });
    for (const file of files
      .split("\n")
      .filter((name) =>
        /^(Pulumi.*\.yaml|package\.json|[^/]+\.ts|(analysis|border|cli|components|config|evaluation|gate|kubernetes|live|observability|policies|probe|pulumi|record|rollout)\/.*)$/.test(
          name,
        ),
      )) {
      mkdirSync(dirname(join(project.folder, file)), { recursive: true });
      cpSync(join(checkout, file), join(project.folder, file));
    }
    symlinkSync(join(checkout, "node_modules"), join(project.folder, "node_modules"));
    mkdirSync(join(project.folder, ".state"));
    project.share(shared);
    for (const stack of ["canary", "prod"] as const) {
      // The checkout's own stacks may have a passphrase of their own.
      project.edit<StackFile>(`Pulumi.${stack}.yaml`, (file) => delete file.encryptionsalt);
      await project.must(["stack", "init", stack]);
    }
    return project;
  }

  /** Changes settings of both stacks, in Pulumi.yaml. */
  share(shared: Settings): void {
    this.edit<ProjectFile>("Pulumi.yaml", (file) => {
      for (const [key, value] of Object.entries(shared)) {
        const setting = file.config[key];
        if (setting) setting.default = value;
      }
    });
  }

  /** Changes settings of one stack, in its file; `undefined` takes a key out. */
  configure(stack: Stack, settings: Settings): void {
    this.edit<StackFile>(`Pulumi.${stack}.yaml`, (file) => {
      for (const [key, value] of Object.entries(settings)) {
        if (value === undefined) delete file.config[`gray-release:${key}`];
        else file.config[`gray-release:${key}`] = value;
      }
    });
  }

  /** Makes the changes of an expected failure: settings, and files by what they held or `null` to remove them. */
  change({ share, configure, files }: Change): void {
    if (share) this.share(share);
    for (const [stack, settings] of Object.entries(configure ?? {})) this.configure(stack as Stack, settings);
    for (const [path, content] of Object.entries(files ?? {})) {
      const present = existsSync(join(this.folder, path));
      if (content === null) rmSync(join(this.folder, path));
      else this.write(path, content(present ? this.read(path) : ""));
    }
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.folder, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  pulumi(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    return run("pulumi", [...args, "--non-interactive"], { cwd: this.folder, env: { ...this.env, ...env } });
  }

  /** `pulumi up` of a stack, whatever comes of it. */
  up(stack: Stack, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    return this.pulumi(upArgs(stack), env);
  }

  /** `pulumi up` that a test goes on without. */
  startUp(stack: Stack): Running {
    return start("pulumi", [...upArgs(stack), "--non-interactive"], {
      cwd: this.folder,
      env: this.env,
    });
  }

  preview(stack: Stack, ...args: string[]): Promise<Outcome> {
    return this.pulumi(["preview", "--stack", stack, ...args]);
  }

  /** A pulumi command that has to succeed. */
  async must(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    const outcome = await this.pulumi(args, env);
    if (outcome.code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${outcome.code}:\n${outcome.output}`);
    return outcome;
  }

  async mustUp(stack: Stack, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    return this.must(upArgs(stack), env);
  }

  /** The id of the release that a stack says a track runs. */
  async release(stack: Stack, key = "dora-apps/fop-gate"): Promise<string> {
    const { current } = await this.stackState(stack, key);
    return current.canary ?? current.stable ?? "";
  }

  /** What a stack stores of a service. @param key of the service. @default fop-gate's */
  async stackState(stack: Stack, key = "dora-apps/fop-gate"): Promise<StackState> {
    const { stdout } = await this.must(["stack", "export", "--stack", stack]);
    const { resources } = JSON.parse(stdout).deployment as {
      resources: { urn: string; outputs?: { input?: object } }[];
    };
    const [namespace, service = ""] = key.split("/");
    const stash = resources.find(({ urn }) => urn.endsWith(`${stashType}::${stateName(service)}`));
    const found = stash?.outputs?.input as StackState | undefined;
    if (found === undefined || found.namespace !== namespace)
      throw new Error(`stack ${stack} stores nothing of ${key}`);
    return found;
  }

  /** The `gray` command of this project. */
  gray(...args: string[]): Promise<Outcome> {
    return this.startGray(args).ended;
  }

  /** `gray` that a test goes on without. */
  startGray(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    return start(process.execPath, [join(checkout, "cli/gray.ts"), ...args], {
      cwd: this.folder,
      env: { ...this.env, ...env },
    });
  }

  /** Takes down everything and removes the folder. */
  async end(): Promise<void> {
    const { code, output } = await this.gray("destroy", "--yes");
    if (code !== 0 && !output.includes("nothing to destroy")) throw new Error(output);
    this.forget();
  }

  /** Removes the folder and with it the stacks, whatever they left in the cluster. */
  forget(): void {
    rmSync(this.folder, { recursive: true });
  }

  private edit<T>(file: string, change: (content: T) => unknown): void {
    const content = load(this.read(file)) as T;
    change(content);
    this.write(file, dump(content));
  }
}

function upArgs(stack: Stack): string[] {
  return ["up", "--yes", "--skip-preview", "--stack", stack];
}
