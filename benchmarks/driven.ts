import { readFileSync } from "node:fs";
import type { CommandResult, Running } from "../harness/command.ts";
import { get, until } from "../harness/kubectl.ts";
import { startUsers } from "../harness/users.ts";
import type { DeploymentObject } from "../kubernetes/objects/deployment.ts";
import { runs } from "../live/live.ts";
import type { RolloutRecord } from "../record/record.ts";
import { type Rollout, rolloutIn } from "../rollout/rollout.ts";
import { type Bench, namespaces } from "./bench.ts";

const namespace = namespaces.ours;
const config = "config/fop-gate/fop-gate.conf";
/** Every kind of step, none of which waits for anything but a verdict. */
const steps = `[{ stage: "dark", checks: ["healthy"] }, { stage: "canary", weight: 10 }, { stage: "full", watch: 0 }]`;
/** Seconds that anything may take which is waited for. */
const patience = 900;

/** Seconds from a person's decision to the last answer of canary, by kind of connection. */
export interface LastAnswers {
  readonly own: number;
  readonly kept: number;
}

/** The service of the bench under `gray rollout`. Each rollout is of a release of its own. */
export class Driven {
  private readonly bench: Bench;
  private readonly url: string;
  private readonly settings: string;
  private readonly minReadySeconds: number;
  private releases = 0;

  private constructor(bench: Bench, url: string, minReadySeconds: number) {
    this.bench = bench;
    this.url = url;
    this.minReadySeconds = minReadySeconds;
    this.settings = bench.project.read(config);
  }

  /** Both tracks run the same release, and their pods have to stay ready for so long. */
  static async of(bench: Bench, minReadySeconds: number): Promise<Driven> {
    const { project } = bench;
    const program = project.read("index.ts");
    project.write("index.ts", program.replace("  plan: {\n", `  plan: {\n    steps: ${steps},\n`));
    project.share({ minReadySeconds });
    project.configure("prod", { release: undefined });
    await bench.canaryUp(0);
    await project.mustUp("prod");
    const { spec } = await get(namespace, "service", "fop-gate");
    return new Driven(bench, `http://${spec.clusterIP}/`, minReadySeconds);
  }

  /** Brings a new release to everybody, judged good beforehand. @returns seconds, and the driver's peak memory in MB */
  async promote(): Promise<{ seconds: number; memory: number }> {
    const driver = this.begin();
    const began = performance.now();
    const memory = peakOf(driver);
    await this.approved(driver);
    expect(0, await driver.ended);
    return { seconds: (performance.now() - began) / 1000, memory: await memory };
  }

  /** Rolls a release back that has users on canary. */
  async abort(): Promise<LastAnswers> {
    const users = startUsers(this.url);
    const driver = this.begin();
    const { release } = await this.opened(
      ({ step, stepStartedAt }) => step === 1 && stepStartedAt !== undefined,
      driver,
    );
    const began = Date.now();
    expect(0, await this.gray("abort", "--reason", "bench"));
    expect(3, await driver.ended);
    const { last } = await users.stop();
    const since = (time = began) => Math.max(0, time - began) / 1000;
    return { own: since(last.own[release]), kept: since(last.kept[release]) };
  }

  /**
   * Rolls a release back that everybody has.
   *
   * @param minReadySeconds of the pods that come back
   * @returns seconds until all pods of stable are of the release before
   */
  async undo(minReadySeconds: number): Promise<number> {
    await this.promote();
    this.bench.project.share({ minReadySeconds });
    const { stableHistory } = await this.record();
    const before = stableHistory.at(-2);
    const began = performance.now();
    const undone = this.bench.project.startGray(["undo", "-n", namespace, "--reason", "bench"]);
    const isBack = async () => {
      const stable: DeploymentObject = await get(namespace, "deployment", "fop-gate");
      return runs(stable, before);
    };
    await comes("stable runs the release before", isBack, undone);
    const seconds = (performance.now() - began) / 1000;
    expect(0, await undone.ended);
    this.bench.project.share({ minReadySeconds: this.minReadySeconds });
    return seconds;
  }

  /** Kills a driver while stable rolls. @returns seconds from `gray resume` to its next effect */
  async resume(): Promise<number> {
    const driver = this.begin();
    await this.approved(driver);
    await this.opened(({ steps, step, effect }) => steps[step]?.stage === "full" && effect !== undefined, driver);
    process.kill(driver.pid, "SIGKILL");
    await driver.ended;
    const began = Date.now();
    const resumed = this.bench.project.startGray(["resume", "-n", namespace]);
    const { effect } = await this.opened(({ effect }) => Date.parse(effect?.at ?? "") >= began, resumed);
    expect(0, await resumed.ended);
    return (Date.parse(effect?.at ?? "") - began) / 1000;
  }

  /** A rollout of a release without a verdict. */
  private begin(): Running {
    this.bench.project.write(config, `${this.settings}# ${++this.releases}\n`);
    return this.bench.project.startGray(["rollout", "-n", namespace]);
  }

  private async approved(driver: Running): Promise<void> {
    const { release } = await this.opened(() => true, driver);
    expect(0, await this.gray("approve", release, "--reason", "bench"));
  }

  /** The open rollout, as soon as something holds of it. @throws Error if its driver ends before */
  private opened(holds: (rollout: Rollout) => boolean, driver: Running): Promise<Rollout> {
    const looked = async () => {
      const open = rolloutIn("fop-gate", await this.record());
      return open && holds(open) && open;
    };
    return comes("the rollout is where it is waited for", looked, driver);
  }

  private async record(): Promise<RolloutRecord> {
    return JSON.parse((await get(namespace, "configmap", "fop-gate-rollout")).data.record);
  }

  private gray(...args: string[]): Promise<CommandResult> {
    return this.bench.project.gray(...args, "-n", namespace);
  }
}

/** Waits for what a command brings about. @throws Error if the command ends before */
function comes<T>(what: string, holds: () => Promise<T | undefined | false>, command: Running): Promise<T> {
  let ended: CommandResult | undefined;
  void command.ended.then((outcome) => {
    ended = outcome;
  });
  const looked = async () => {
    const over = ended;
    const value = await holds();
    if (!value && over) throw new Error(`${what} did not come:\n${over.output}`);
    return value;
  };
  return until(what, looked, patience);
}

function expect(code: number, outcome: CommandResult): void {
  if (outcome.code !== code) throw new Error(outcome.output);
}

/** The most memory that a process held at once, in MB (VmHWM). */
async function peakOf({ pid, ended }: Running): Promise<number> {
  let peak = 0;
  const look = setInterval(() => {
    try {
      peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1000 || peak;
    } catch {
      // It has ended.
    }
  }, 200);
  await ended;
  clearInterval(look);
  return peak;
}
