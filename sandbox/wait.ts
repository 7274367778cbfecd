/** Waits for a condition, never for a time. */
import { Problem } from "./problem.ts";

export interface Wait {
  /** Ends the sentence "waited N s for ...". */
  readonly what: string;
  readonly seconds: number;
  /** Throws when waiting on has no sense, because what is waited for has died. */
  readonly check?: () => void;
  readonly onTimeout?: () => string;
}

const INTERVAL_MS = 100;

export async function until(holds: () => Promise<boolean> | boolean, wait: Wait): Promise<void> {
  const deadline = Date.now() + wait.seconds * 1000;
  while (!(await holds())) {
    wait.check?.();
    if (Date.now() > deadline) {
      throw new Problem(
        `waited ${wait.seconds} s for ${wait.what}, in vain: run \`npm run sandbox -- up\` again, and \`npm run sandbox -- down\` first if that does not help${wait.onTimeout ? `; ${wait.onTimeout()}` : ""}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
