/** How long a release stays with some of the users, and how a tool with static rules judges it there. */
export interface Rules {
  /** Percent of the users, one step after the other; then all of them. */
  readonly weights: readonly number[];
  /** Seconds at each weight. */
  readonly seconds: number;
  /** Seconds from one check to the next, and those that a check looks back on. */
  readonly interval: number;
  /** Share of the answers that must be other than 5xx, or a check fails. */
  readonly success: number;
  /** Failed checks that roll a release back. */
  readonly failures: number;
}

/** One way to compare: what each tool is told. */
export interface Setting {
  readonly "argo-rollouts": Rules;
  readonly flagger: Rules;
  /** Steps of our plan, as the program says them. @default those of the product */
  readonly gray?: string;
  /** Which releases are tried. */
  readonly releases: readonly ("good" | "bad")[];
}

/** Seconds that a release stays with a tenth of the users where all tools wait alike. */
const wait = 120;

/** Flagger takes no shorter interval. 99 % is the rule of its documentation; at Argo's 95 % a release with 5 % errors is a toss-up. */
const quick = { weights: [10], seconds: wait, interval: 10, success: 0.99 };
const alike = `[{ stage: "dark" }, { stage: "canary", weight: 10, atLeast: ${wait} }, { stage: "full", watch: 0 }]`;

export const settings = {
  /** The same weight and wait, checks as often as can be, each with the number of failures of its documentation. */
  equal: {
    "argo-rollouts": { ...quick, failures: 4 },
    flagger: { ...quick, failures: 5 },
    gray: alike,
    releases: ["good", "bad"],
  },
  /** The same, where the first failed check ends it. */
  strict: {
    "argo-rollouts": { ...quick, failures: 1 },
    flagger: { ...quick, failures: 1 },
    gray: alike,
    releases: ["bad"],
  },
  /** What each documentation shows: Argo Rollouts' "Background Analysis", Flagger's "Gateway API Canary Deployments", our defaults. */
  documented: {
    "argo-rollouts": { weights: [20, 40, 60, 80], seconds: 600, interval: 300, success: 0.95, failures: 4 },
    flagger: { weights: [10, 20, 30, 40, 50], seconds: 60, interval: 60, success: 0.99, failures: 5 },
    releases: ["good", "bad"],
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

/** Seconds after which a tool that has not come to an end never will. */
export function patience({ weights, seconds }: Rules): number {
  return weights.length * seconds + 900;
}
