import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandResult, Running } from "../../../harness/command.ts";
import { get, kubectl, namespace as makeNamespace, until } from "../../../harness/kubectl.ts";
import { Project, type Stack } from "../../../harness/project.ts";
import { readRecord } from "../../../harness/record.ts";
import type { RolloutRecord } from "../../../record/record.ts";
import { type Rollout, rolloutIn } from "../../../rollout/rollout.ts";
import { RELEASE_IMAGES } from "../../../sandbox/images.ts";

export const replicas = 3;
/** Seconds that anything may take which is waited for, on a machine that does other things too. */
export const patience = 180;

/** Dark and full, nothing between: for faults that have nothing to do with evidence. A person's decision takes its place. */
const withoutCanary = `[{ stage: "dark", checks: ["healthy"] }, { stage: "full", watch: 1 }]`;

/** What stands live, and what the record says of the latest rollout. */
export interface End {
  readonly stable: string;
  readonly canary: string;
  readonly release: string;
  readonly outcome: "promoted" | "undone";
}

interface Setting {
  readonly plan?: string;
  readonly args?: string;
  readonly shared?: Readonly<Record<string, unknown>>;
  /** @default 25 */
  readonly weight?: number;
}

/** fop-gate in a namespace of its own, small and quick, on which faults are tried. */
export class Subject {
  readonly namespace: string;
  readonly project: Project;
  /** What it ran first, and what comes next. */
  a = "";
  b = "";

  private constructor(namespace: string, project: Project) {
    this.namespace = namespace;
    this.project = project;
  }

  /**
   * Release A on both tracks.
   *
   * @param plan steps of the rollout as the program says them. @default dark and full
   * @param args further arguments of the service, as the program says them. @default none
   * @param shared settings of both stacks that are others. @default none
   */
  static async create(
    namespace: string,
    { plan = withoutCanary, args = "", shared = {}, weight = 25 }: Setting = {},
  ): Promise<Subject> {
    // What a run before left that was ended from outside.
    await kubectl(["delete", "namespace", namespace, "--ignore-not-found"]);
    await makeNamespace(namespace);
    const project = await Project.create({
      ...{ namespace, replicas, minReadySeconds: 1, image: RELEASE_IMAGES.A },
      ...shared,
    });
    const program = project.read("index.ts");
    const planned = program.replace("  plan: {\n", `  ${args}\n  plan: {\n    steps: ${plan},\n`);
    assert.notEqual(planned, program);
    project.write("index.ts", planned);
    project.configure("canary", { weight });
    const subject = new Subject(namespace, project);
    await project.mustUp("canary");
    await project.mustUp("prod");
    subject.a = await subject.runs("stable");
    return subject;
  }

  /** Makes both releases known and approved, so that rollouts to either need no evidence. */
  async knowBoth(): Promise<void> {
    await this.approve(this.a);
    this.image(RELEASE_IMAGES.B);
    const held = await this.gray("rollout");
    assert.equal(held.code, 4, held.output);
    this.b = await this.runs("canary");
    assert.notEqual(this.a, this.b);
    await this.approve(this.b);
    const { code, output } = await this.gray("resume");
    assert.equal(code, 0, output);
  }

  async end(): Promise<void> {
    for (const pid of this.pulumis()) process.kill(pid, "SIGKILL");
    await kubectl(["delete", "namespace", this.namespace, "--wait=false"]);
    this.project.forget();
  }

  image(image: string): void {
    this.project.share({ image });
  }

  /** Puts the other of both known releases into the program. @returns what stable runs, and what comes now */
  async change(): Promise<{ from: string; to: string }> {
    const from = await this.runs("stable");
    const [image, to] = from === this.a ? [RELEASE_IMAGES.B, this.b] : [RELEASE_IMAGES.A, this.a];
    this.image(image);
    return { from, to };
  }

  gray(verb: string, ...args: string[]): Promise<CommandResult> {
    return this.start(verb, ...args).ended;
  }

  start(verb: string, ...args: string[]): Running {
    return this.startWith({}, verb, ...args);
  }

  startWith(env: NodeJS.ProcessEnv, verb: string, ...args: string[]): Running {
    return this.project.startGray([verb, "-n", this.namespace, ...args], env);
  }

  /** The environment of commands that reach the cluster through a proxy. */
  through({ url }: { readonly url: string }): NodeJS.ProcessEnv {
    const config = {
      ...{ apiVersion: "v1", kind: "Config", "current-context": "proxy" },
      clusters: [{ name: "proxy", cluster: { server: url } }],
      users: [{ name: "proxy", user: {} }],
      contexts: [{ name: "proxy", context: { cluster: "proxy", user: "proxy" } }],
    };
    this.project.write("proxy.kubeconfig", JSON.stringify(config));
    return { KUBECONFIG: `${this.project.folder}/proxy.kubeconfig` };
  }

  async approve(release: string): Promise<void> {
    const { code, output } = await this.gray("approve", release, "--reason", "a test");
    assert.equal(code, 0, output);
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  get(...args: string[]): Promise<any> {
    return get(this.namespace, ...args);
  }

  /** The id of the release that a track's live Deployment is made of. */
  async runs(track: "stable" | "canary"): Promise<string> {
    return (await this.deployment(track)).spec.template.metadata.labels.release;
  }

  deployment(track: "stable" | "canary") {
    return this.get("deployment", track === "stable" ? "fop-gate" : "fop-gate-canary");
  }

  async record(): Promise<RolloutRecord> {
    return readRecord(this.namespace, "fop-gate");
  }

  /** The rollout that is open. */
  async open(): Promise<Rollout | undefined> {
    return rolloutIn("fop-gate", JSON.parse((await this.get("configmap", "fop-gate-rollout")).data.record));
  }

  /** Waits until a rollout is open of which something holds. */
  async opened(what: string, holds: (rollout: Rollout) => boolean): Promise<void> {
    const comes = async () => {
      const { items } = await this.get("configmaps", "-l", "app=fop-gate");
      if (!items.some(({ metadata }: Named) => metadata.name === "fop-gate-rollout")) return false;
      const rollout = await this.open();
      return rollout !== undefined && holds(rollout);
    };
    await until(what, comes, patience);
  }

  /** Waits until stable has a pod of a release, and not all of them yet for all that is known. */
  async stableRolls(release: string): Promise<void> {
    const rolls = async () => {
      const { spec, status } = await this.deployment("stable");
      return spec.template.metadata.labels.release === release && status.updatedReplicas > 0;
    };
    await until(`stable rolls to ${release}`, rolls, patience);
  }

  /**
   * Asserts that live objects, record and state of both stacks are those of a rollout that has ended, and that nothing of a
   * run is left: no process, no lock, no operation half done, no pods of another release.
   */
  async assertEnded({ stable, canary, release, outcome }: End): Promise<void> {
    for (const [track, wanted, pods] of [
      ["stable", stable, replicas],
      ["canary", canary, 1],
    ] as const) {
      const { spec, status } = await this.deployment(track);
      assert.deepEqual(
        [spec.template.metadata.labels.release, spec.replicas, status.availableReplicas, status.updatedReplicas],
        [wanted, pods, pods, pods],
        track,
      );
      assert.deepEqual(spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
      assert.deepEqual(await this.liveSets(track), [[wanted, pods]]);
    }
    const { spec } = await this.get("service", "fop-gate");
    assert.deepEqual(spec.selector, { app: "fop-gate" });
    const { open, ended } = await this.record();
    assert.equal(open, undefined);
    assert.deepEqual([ended?.[0]?.release, ended?.[0]?.outcome], [release, outcome]);
    await this.assertOneAgain();
  }

  /** Asserts that no run is left half done, and that state and cluster say the same. */
  async assertOneAgain(): Promise<void> {
    assert.deepEqual(this.pulumis(), []);
    assert.deepEqual(this.locks(), []);
    for (const stack of ["canary", "prod"] as const) {
      assert.deepEqual(await this.pending(stack), []);
      const { output } = await this.project.must(["refresh", "--preview-only", "--stack", stack]);
      // The namespace that the provider reads is none of the service's objects, and each refresh writes it anew.
      assert.doesNotMatch(
        output,
        /^ [-+~]+ +kubernetes:(?!core\/v1:Namespace )\S+ \S+ (create|update|delete|replace)/m,
      );
    }
  }

  /** Release and wanted number of pods of each ReplicaSet of a track that has any. */
  async liveSets(track: "stable" | "canary"): Promise<[release: string, pods: number][]> {
    const { items } = await this.get("replicasets", "-l", `app=fop-gate,track=${track}`);
    return items
      .filter(({ spec, status }: Sized) => spec.replicas > 0 || status.replicas > 0)
      .map(({ metadata, spec }: Sized) => [metadata.labels.release, spec.replicas]);
  }

  /** Operations that a killed run left open in the state of a stack. */
  async pending(stack: Stack): Promise<unknown[]> {
    const { stdout } = await this.project.must(["stack", "export", "--stack", stack]);
    return JSON.parse(stdout).deployment.pending_operations ?? [];
  }

  /** Processes that live with this project's backend in their environment, other than `gray`: Pulumi and what it started. */
  pulumis(): number[] {
    const backend = `PULUMI_BACKEND_URL=${this.project.env.PULUMI_BACKEND_URL}`;
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const env = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
          return env.includes(backend) && !readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("cli/gray.ts");
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  /** Waits until no run of Pulumi is left. @returns how long that took, in milliseconds */
  async pulumisEnd(): Promise<number> {
    const began = Date.now();
    await until("no run of Pulumi is left", async () => this.pulumis().length === 0);
    return Date.now() - began;
  }

  locks(): string[] {
    const folder = join(this.project.folder, ".state");
    return readdirSync(folder, { recursive: true })
      .map(String)
      .filter((path) => path.includes("/locks/") && path.endsWith(".json"));
  }
}

interface Named {
  readonly metadata: { readonly name: string };
}

interface Sized {
  readonly metadata: { readonly labels: { readonly release: string } };
  readonly spec: { readonly replicas: number };
  readonly status: { readonly replicas: number };
}
