import { setImmediate as turn } from "node:timers/promises";
import type { Track } from "../../components/traffic.ts";
import { UserError } from "../../components/user-error.ts";
import type { Actuator } from "../../rollout/drive-context.ts";
import type { Rollout } from "../../rollout/rollout.ts";

/** Both tracks of a service, as their users meet them. Their driver may fail, or die, at any of the places it tells of. */
export class Tracks implements Actuator {
  /** Percent of the users that the program means for canary. */
  static readonly ownWeight = 10;
  readonly canary: { release: string; weight: number; silent: boolean };
  /** `urgent`: it stands under the settings with which all pods go at once. */
  readonly stable: { release: string; complete: boolean; fastRollback: boolean };
  /** What was done, in order, as it began. */
  readonly done: string[] = [];
  /** Why a track will never come to run a release. */
  readonly never: Partial<Record<Track, { readonly release: string; readonly reason: string }>> = {};
  /** What the checks come to. */
  failedChecks: string | undefined;
  /** Hears of each place at which something may happen, or throws there. */
  at: (place: string) => void | Promise<void> = () => {};
  /** Hears of each change of what users meet. */
  changed: () => void = () => {};

  constructor(release: string) {
    this.canary = { release, weight: Tracks.ownWeight, silent: false };
    this.stable = { release, complete: true, fastRollback: false };
  }

  async bringCanary({ runs, weight = Tracks.ownWeight }: Rollout, signal: AbortSignal): Promise<void> {
    const { release } = this.canary;
    this.done.push(`canary ${runs.canary} ${weight}`);
    await this.#reach("canary begins", signal);
    const pods = () => this.#change(this.canary, { release: runs.canary, silent: false });
    const users = () => this.#change(this.canary, { weight });
    // Pods before users where more of them come, users before pods where another release comes to fewer.
    const rises = weight >= this.canary.weight && release === runs.canary;
    (rises || this.canary.weight === 0 ? pods : users)();
    await this.#reach("canary half-way", signal);
    const never = this.never.canary;
    if (never?.release === runs.canary) throw new UserError("The up of canary failed.");
    (rises || this.canary.weight === 0 ? users : pods)();
    pods();
    users();
    await this.#reach("canary there", signal);
  }

  async bringStable({ runs, fastRollback = false }: Rollout, signal: AbortSignal): Promise<void> {
    this.done.push(`stable ${runs.stable}${fastRollback ? " at once" : ""}`);
    await this.#reach("stable begins", signal);
    if (this.stable.release !== runs.stable || !this.stable.complete) {
      this.#change(this.stable, { release: runs.stable, complete: false, fastRollback });
      await this.#reach("stable half-way", signal);
      if (this.never.stable?.release === runs.stable) throw new UserError("The up of stable failed.");
    }
    this.#change(this.stable, { complete: true, fastRollback });
    await this.#reach("stable there", signal);
  }

  async stableRuns(release: string, completely = true): Promise<boolean> {
    await this.at("looking at stable");
    return this.stable.release === release && (this.stable.complete || !completely);
  }

  async cannotSucceed(track: Track, { runs }: Rollout): Promise<string | undefined> {
    const never = this.never[track];
    const isTried = this[track].release === runs[track] && !(track === "stable" && this.stable.complete);
    return isTried && never?.release === runs[track] ? never.reason : undefined;
  }

  async check(_names: readonly string[], _signal: AbortSignal): Promise<string | undefined> {
    this.done.push("checks");
    await this.at("checks");
    return this.failedChecks;
  }

  async cutOff(_epoch: number): Promise<boolean> {
    this.done.push("cut");
    await this.at("cut begins");
    this.#change(this.canary, { weight: 0 });
    await this.at("cut done");
    return true;
  }

  async drainCanary({ release }: Rollout): Promise<void> {
    this.done.push("silence");
    await this.at("silence begins");
    if (this.canary.release === release) this.#change(this.canary, { silent: true });
    await this.at("silence done");
  }

  #change<T extends object>(track: T, to: Partial<T>): void {
    Object.assign(track, to);
    this.changed();
  }

  async #reach(place: string, signal: AbortSignal): Promise<void> {
    await turn();
    await this.at(place);
    if (signal.aborted) throw new UserError("The up was interrupted.");
  }
}
