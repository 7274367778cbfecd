/** Reads of which one answer is enough, repeated for as long as another one may hang. */

import { setTimeout as sleep } from "node:timers/promises";
import { isRetryable } from "../kubernetes/answer.ts";
import { backoff } from "../kubernetes/backoff.ts";

/** The pauses between repeated reads, in milliseconds. */
export const retryPauses = { first: 10, most: 100 };

/** Questions of which one answer is enough. One that fails is asked again while another was never answered, because that one may hang. */
export class Lookups {
  private unanswered = 0;
  private readonly over = new AbortController();

  /** Counts a question until it is answered. */
  count<T>(pending: Promise<T>): Promise<T> {
    this.unanswered++;
    return pending.finally(() => this.unanswered--);
  }

  /** @throws the error of the latest read */
  async ask<T>(read: () => Promise<T>): Promise<T> {
    const { signal } = this.over;
    let pending = this.count(read());
    for (let attempt = 1; ; attempt++) {
      try {
        return await pending;
      } catch (error) {
        if (this.unanswered === 0 || !isRetryable(error)) throw error;
        await sleep(backoff(attempt, retryPauses), undefined, { signal }).catch(() => {});
        if (signal.aborted) throw error;
        pending = read();
      }
    }
  }

  /** No question is asked again: one that failed rejects at once. */
  end(): void {
    this.over.abort();
  }
}
