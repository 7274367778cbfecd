/** The option by which a user decides that stable is broken and canary is the fix. */
import { Option } from "commander";
import type { Rollout } from "../../rollout/rollout.ts";

/** The value of the option. */
export interface BrokenOptions {
  readonly stableIsBroken?: boolean;
}

/** The option `--stable-is-broken`. */
export function brokenOption(): Option {
  return new Option(
    "--stable-is-broken",
    "while stable answers 5xx or has no ready pod, canary's own rates decide alone; a canary that fails by them is bad all the same",
  );
}

/** The decision for the record of a rollout; empty without the option. */
export function brokenDecision({ stableIsBroken }: BrokenOptions, by: string): Pick<Rollout, "stableIsBroken"> {
  return stableIsBroken ? { stableIsBroken: { by, reason: "--stable-is-broken", at: new Date().toISOString() } } : {};
}
