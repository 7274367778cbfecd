import type { Clock } from "../../rollout/clock.ts";

/** A clock that goes on when it is told to. */
export class FakeClock implements Clock {
  private time = 0;
  private readonly sleepers = new Set<{ readonly due: number; readonly wake: () => void }>();

  now(): number {
    return this.time;
  }

  sleep(milliseconds: number, background?: AbortSignal): Promise<void> {
    return new Promise((woken) => {
      if (background?.aborted) return woken();
      const sleeper = {
        due: this.time + milliseconds,
        wake: () => {
          this.sleepers.delete(sleeper);
          background?.removeEventListener("abort", sleeper.wake);
          woken();
        },
      };
      this.sleepers.add(sleeper);
      background?.addEventListener("abort", sleeper.wake);
    });
  }

  /**
   * Goes on, waking one sleeper after the other.
   *
   * @param settled resolves when the code that was woken has finished
   */
  async pass(milliseconds: number, settled: () => Promise<void>): Promise<void> {
    const end = this.time + milliseconds;
    for (;;) {
      await settled();
      const [next] = [...this.sleepers].sort((a, b) => a.due - b.due);
      if (next === undefined || next.due > end) break;
      this.time = Math.max(this.time, next.due);
      next.wake();
    }
    this.time = Math.max(this.time, end);
  }

  /** Time that passes while everybody is stopped: who was to wake in it wakes afterwards. */
  jump(milliseconds: number): void {
    this.time += milliseconds;
  }
}
