import { cpus, loadavg, totalmem } from "node:os";

/** Work that takes down what a benchmark set up; what was set up last goes first. */
export type AtEnd = (work: () => Promise<unknown>) => void;

/** One run of benchmarks: says what happens and when, and leaves nothing behind, also when it is interrupted. */
export class Session {
  private readonly began = Date.now();
  private readonly cleanUp: (() => Promise<unknown>)[] = [];

  constructor() {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => {
        this.say(`${signal}: cleaning up`);
        void this.end().finally(() => process.exit(130));
      });
    }
    const memory = Math.round(totalmem() / 2 ** 30);
    this.say(`${cpus().length} cores, ${memory} GiB, Node ${process.version}, load average ${load()}`);
  }

  say(line: string): void {
    console.log(`${String(Math.round((Date.now() - this.began) / 1000)).padStart(5)} s  ${line}`);
  }

  readonly atEnd: AtEnd = (work) => void this.cleanUp.unshift(work);

  /** Each piece of work runs whatever became of those before it. */
  async end(): Promise<void> {
    for (const work of this.cleanUp.splice(0)) {
      await work().catch((error: Error) => console.error(`left behind: ${error.message}`));
    }
  }
}

/** Of the last minute: a machine that is busy with something else spreads the figures, and moves ratios a little. */
export function load(): string {
  return loadavg()[0]?.toFixed(1) ?? "";
}
