import { type ResolvedStep, resolveStep } from "../../components/step.ts";
import { type Chance, chanceOf } from "./chance.ts";
import { type RequestFault, requestFaults, type Storm } from "./weather.ts";

/** What tracks run when a history begins, what is rolled out, and what may supersede that. */
export const releases = { a: "aaaaaaaaaaaa", b: "bbbbbbbbbbbb", c: "cccccccccccc" } as const;
export const checkName = "GET /healthz";

/** What a person does, from a machine of their own. */
export const decisions = ["pause", "resume", "approve", "abort", "promote", "supersede"] as const;
export type Decision = (typeof decisions)[number];

/** What befalls the process of the driver. */
export const processFaults = ["SIGKILL", "SIGSTOP", "SIGTERM", "hung plugin"] as const;
/** The last two befall whole processes only, not those in simulated time. */
export type ProcessFault = (typeof processFaults)[number] | "SIGHUP" | "closed stdout";

export type Verdict = "good" | "bad" | "undecided";

/** Something at a time, in milliseconds from the beginning. */
interface Timed {
  readonly at: number;
}

/** One rollout and everything that happens in it. */
export interface History {
  readonly seed: number;
  readonly traffic: "pods" | "gateway";
  readonly steps: readonly ResolvedStep[];
  /** Percent of the users that the program means for canary. */
  readonly ownWeight: number;
  /** What evidence comes to once users meet a release, from when on; undecided before. */
  readonly evidence: Readonly<Record<string, readonly (Timed & { readonly verdict: Verdict })[]>>;
  /** While the checks of canary's pods fail. */
  readonly failingChecks: readonly { readonly from: number; readonly to: number }[];
  /** The Gateway API is installed, and nobody may read routes, which traffic by number of pods does not need. */
  readonly routesForbidden: boolean;
  /** The track on which release b never starts. */
  readonly never?: "canary" | "stable";
  readonly decisions: readonly (Timed & { readonly decision: Decision; readonly by: string })[];
  /** What an autoscaler makes of stable's number of pods, which canary follows. Without any the program sets the number. */
  readonly scales: readonly (Timed & { readonly replicas: number })[];
  readonly storms: readonly Storm[];
  readonly processFaults: readonly (Timed & { readonly fault: ProcessFault; readonly lasts: number })[];
  /** Share of the runs of Pulumi that fail half-way, while it is not calm. */
  readonly failingUps: number;
  /** Milliseconds that a track's roll takes. */
  readonly rollMilliseconds: number;
  /** Whether the first driver ends where it holds. */
  readonly leavesHolding: boolean;
  /** How far machines' time of day is off, in milliseconds; one each, in the order in which they come. */
  readonly skews: readonly number[];
  /** From when on nothing goes wrong any more, and nobody decides anything. */
  readonly calm: number;
}

const seconds = 1000;

/** The history that a seed stands for, in simulated time. */
export function historyOf(seed: number): History {
  return historyWithin(seed, chanceOf(seed, "span").pick([20, 40, 60]) * seconds);
}

/** The history that a seed stands for, in real time and so a short one. */
export function processHistoryOf(seed: number): History {
  return { ...historyWithin(seed, 15 * seconds), skews: [], scales: [], processFaults: [], rollMilliseconds: 600 };
}

/**
 * The history that a seed stands for, in real time and on a real cluster, where a rollout takes half a minute without faults. No proxy
 * answers 404 there, because Pulumi's own provider is behind it, and what that takes a 404 for is not judged here.
 */
export function sandboxHistoryOf(seed: number): History {
  const history = historyWithin(seed, 40 * seconds);
  const storms = history.storms.map((storm) => ({ ...storm, faults: storm.faults.filter((fault) => fault !== 404) }));
  return { ...history, storms, skews: [], scales: [] };
}

function historyWithin(seed: number, span: number): History {
  const chance = chanceOf(seed, "history");
  const isQuiet = chance.is(0.1);
  const traffic = chance.pick(["pods", "gateway"] as const);
  const evidence = evidenceBy(chanceOf(seed, "evidence"), span);
  const decisions = decisionsBy(chanceOf(seed, "decisions"), span);
  const cutTimes = [
    ...evidence.flatMap(({ at, verdict }) => (verdict === "bad" ? [at] : [])),
    ...decisions.flatMap(({ at, decision }) => (decision === "abort" ? [at] : [])),
  ];
  return {
    seed,
    traffic,
    routesForbidden: traffic === "pods" && chance.is(0.1),
    steps: stepsBy(chanceOf(seed, "steps")),
    ownWeight: 25,
    evidence: {
      [releases.b]: evidence,
      [releases.c]: [{ at: 0, verdict: "good" }],
    },
    failingChecks: chance.is(0.15) ? [{ from: 0, to: chance.pick([3, 8, 200]) * seconds }] : [],
    ...(chance.is(0.16) && { never: chance.pick(["canary", "stable"]) }),
    decisions,
    scales: scalesBy(chanceOf(seed, "scales"), span),
    storms: isQuiet ? [] : stormsBy(chanceOf(seed, "storms"), span, cutTimes),
    processFaults: isQuiet ? [] : processFaultsBy(chanceOf(seed, "processes"), span),
    failingUps: isQuiet ? 0 : chance.pick([0, 0, 0.1, 0.5]),
    rollMilliseconds: chance.pick([400, 1500, 4000]),
    leavesHolding: chance.is(0.5),
    skews: Array.from({ length: 40 }, () => chance.pick([0, 0, 0, 0, 20, -20]) * seconds),
    calm: span,
  };
}

function stepsBy(chance: Chance): ResolvedStep[] {
  const approval = () => chance.is(0.08);
  const weights = chance.pick([[], [25], [25], [50], [25, 50]]);
  const dark = { stage: "dark", approval: approval(), atMost: chance.pick([5, 15]) } as const;
  const few = weights.map((weight) => ({
    ...({ stage: "canary", weight, approval: approval() } as const),
    ...{ atMost: chance.pick([8, 20]), atLeast: chance.pick([0, 0, 3]), checks: chance.is(0.2) ? [checkName] : [] },
  }));
  const full = { stage: "full", approval: approval(), watch: chance.pick([0, 3, 8]) } as const;
  return [...(chance.is(0.85) || weights.length === 0 ? [dark] : []), ...few, full].map((step) =>
    resolveStep(step, [checkName]),
  );
}

function evidenceBy(chance: Chance, span: number): { at: number; verdict: Verdict }[] {
  const at = () => chance.whole(1, Math.floor(span / 1000)) * seconds;
  const kind = chance.pick(["good", "good", "bad", "bad", "good, then bad", "undecided"] as const);
  if (kind === "undecided") return [];
  if (kind !== "good, then bad") return [{ at: at(), verdict: kind }];
  const first = at();
  return [
    { at: first, verdict: "good" },
    { at: Math.min(span, first + chance.whole(1, 15) * seconds), verdict: "bad" },
  ];
}

function decisionsBy(chance: Chance, span: number) {
  const all = ["pause", "resume", "resume", "approve", "abort", "promote", "supersede"] as const;
  return Array.from({ length: chance.pick([0, 0, 1, 2, 3, 4]) }, () => ({
    at: chance.whole(500, span - 500),
    decision: chance.pick<Decision>(all),
    by: chance.pick(["alice", "bob"]),
  })).toSorted((one, two) => one.at - two.at);
}

function scalesBy(chance: Chance, span: number) {
  return Array.from({ length: chance.pick([0, 0, 1, 3, 6]) }, () => ({
    at: chance.whole(500, span - 500),
    replicas: chance.pick([1, 2, 3, 4, 6, 9, 12]),
  })).toSorted((one, two) => one.at - two.at);
}

/** @param cutTimes when users have to leave canary: where a storm does most harm */
function stormsBy(chance: Chance, span: number, cutTimes: readonly number[]): Storm[] {
  const whose = () => {
    const one = chance.pick([undefined, undefined, "drivers", "people", "pulumi"] as const);
    return one && { whose: one };
  };
  const about = () => {
    const one = chance.pick([undefined, undefined, undefined, "pods", "record", "front"] as const);
    return one && { about: one };
  };
  return Array.from({ length: chance.whole(0, 4) }, () => {
    const isAtCut = cutTimes.length > 0 && chance.is(0.4);
    const from = isAtCut ? Math.max(0, chance.pick(cutTimes) - chance.whole(0, 3000)) : chance.whole(0, span);
    if (isAtCut && chance.is(0.4)) {
      // A webhook or a proxy that refuses just what would take users off canary.
      const fault = chance.pick([500, 500, 503, 429, 401, 404, "cut", "hung"] as const);
      const to = Math.min(span, from + chance.pick([4, 8, 15]) * seconds);
      return { from, to, share: 1, faults: [fault], whose: "drivers", about: "front" };
    }
    // A silence, a flood of one kind, or a bit of everything.
    const kind = chance.pick(["silence", "one", "mix", "mix"] as const);
    const faults: readonly RequestFault[] =
      kind === "silence"
        ? [chance.pick(["hung", "cut", 500, 503, 401, 404, 429] as const)]
        : kind === "one"
          ? [chance.pick(requestFaults.filter((fault) => fault !== "huge body")), "cut"]
          : [...requestFaults.filter((fault) => fault !== "huge body" || chance.is(0.05))];
    return {
      from,
      to: Math.min(span, from + chance.pick([2, 5, 10, 20, 30]) * seconds),
      share: kind === "silence" ? 1 : chance.pick([0.03, 0.1, 0.3, 0.6]),
      faults,
      ...whose(),
      ...about(),
    };
  });
}

function processFaultsBy(chance: Chance, span: number) {
  return Array.from({ length: chance.pick([0, 0, 0, 1, 1, 2]) }, () => ({
    at: chance.whole(500, span - 500),
    fault: chance.pick(processFaults),
    lasts: chance.pick([1, 5, 14, 17, 25]) * seconds,
  }));
}
