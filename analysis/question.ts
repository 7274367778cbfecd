/** The subject of an observation. */
import type { Arms } from "./arms.ts";
import type { defaults } from "./defaults.ts";
import type { Counted } from "./unit.ts";

/**
 * Thresholds of a verdict; each field defaults to the one of the same name in analysis/defaults.ts.
 *
 * @example const settings: Settings = { ...defaults, leastRequests: 500 };
 */
export type Settings = { readonly [name in keyof typeof defaults]: number };

/**
 * The subject of an observation: the releases to compare, and the thresholds. It does not change during the observation.
 *
 * @example const question: Question = { canary: "2.0", stable: ["1.9"], settings: { leastRequests: 500 } };
 */
export interface Question extends Arms, Counted {
  /** Whether this is the first release of the service. If so, canary's own rates decide the verdict. @default false */
  readonly first?: boolean;
  /** Whether each request is routed by weight alone, so that missing answers can be counted. @default false */
  readonly perRequest?: boolean;
  /** Names of the pairs of counters that the user defined. @default none */
  readonly pairs?: readonly string[];
  /** Thresholds that differ from the defaults. @default those of analysis/defaults.ts */
  readonly settings?: Partial<Settings>;
}
