/** How long a decision takes at each weight, for `gray plan`. */
import { defaults, pollingDefaults } from "../../analysis/defaults.ts";
import { percent, span, times } from "../../analysis/format.ts";
import { type Forecast, forecast, type Traffic } from "../../analysis/planner.ts";
import { type Unit, unitOf } from "../../analysis/unit.ts";
import { type ModeName, modeNamed } from "../../components/traffic/modes.ts";
import { UserError } from "../../components/user-error.ts";
import { plainTable } from "./table.ts";

/** The forecast of a decision at one weight. */
export interface Prospect {
  /** In percent, as configured; absent for the share in force if none of the listed weights gives it. */
  readonly weight?: number;
  /** Whether canary has this share now. */
  readonly inForce: boolean;
  /** Whether `up` would refuse the weight, because the share that so few pods reach is too far from it. */
  readonly refused: boolean;
  /** For the share that the weight really reaches. */
  readonly forecast: Forecast;
}

/** Weights that the forecast lists, in percent. */
const usualWeights = [1, 5, 10, 25, 50] as const;

/**
 * Forecasts for some weights and for the share in force, sorted by share.
 *
 * @param stableReplicas number of pods of stable
 * @param shareInForce share of the requests that canary gets now, 0 to 1. @default 0: canary is dark
 * @param mode how the requests are split. @default by number of pods
 * @param weights in percent. @default 1, 5, 10, 25 and 50
 */
export function prospects(
  traffic: Traffic,
  stableReplicas: number,
  shareInForce = 0,
  mode: ModeName = "replicas",
  weights: readonly number[] = usualWeights,
): Prospect[] {
  const asked = weights.map((weight) => {
    const { share } = modeNamed(mode, { acceptShare: true }).plan(weight, stableReplicas, {});
    return { weight, share: share / 100, refused: isRefused(mode, weight, stableReplicas), inForce: false };
  });
  const inForceRow = asked.findLast(({ share, refused }) => !refused && Math.abs(share - shareInForce) < 0.0005);
  const all: (Omit<Prospect, "forecast"> & { share: number })[] = asked.map((row) => ({
    ...row,
    inForce: row === inForceRow,
  }));
  if (inForceRow === undefined && shareInForce > 0 && shareInForce < 1) {
    all.push({ share: shareInForce, refused: false, inForce: true });
  }
  return all
    .sort((a, b) => a.share - b.share)
    .map(({ share, ...row }) => ({ ...row, forecast: forecast(traffic, share, defaults) }));
}

function isRefused(mode: ModeName, weight: number, stableReplicas: number): boolean {
  try {
    modeNamed(mode).plan(weight, stableReplicas, {});
    return false;
  } catch (error) {
    if (error instanceof UserError) return true;
    throw error;
  }
}

/**
 * The columns of the time until a verdict: bad for each ratio of canary's errors to stable's, good without a difference.
 *
 * @example verdictColumns([2]) // ["2X ERRORS: BAD IN", "SAME ERRORS: GOOD IN"]
 */
export function verdictColumns(ratios: readonly number[]): string[] {
  return [...ratios.map((ratio) => `${ratio}X ERRORS: BAD IN`), "SAME ERRORS: GOOD IN"];
}

/** The forecasts as a table. */
export function prospectTable(traffic: Traffic, all: readonly Prospect[], { noun }: Unit = unitOf({})): string {
  const ratios = all[0]?.forecast.notice.map(({ ratio }) => ratio) ?? [];
  return plainTable(
    ["WEIGHT", "REACHED", `${noun.toUpperCase()}S/S TO CANARY`, ...verdictColumns(ratios)],
    all.map(({ weight, inForce, refused, forecast: { share, notice, clear } }) => [
      [weight ?? "", refused ? "(refused)" : "", inForce ? "(in force)" : ""].filter((part) => part !== "").join(" "),
      percent(share),
      times(traffic.requestsPerSecond * share),
      ...notice.map(({ expected }) => time(expected.seconds)),
      time(clear.seconds),
    ]),
  );
}

/** Limits of the forecasts, as sentences below the table. */
export function caveats(
  traffic: Traffic,
  stableReplicas: number,
  all: readonly Prospect[],
  unit: Unit = unitOf({}),
): string[] {
  const refused = all.filter((each) => each.refused);
  const sentences = all.filter((each) => !each.refused).map(({ forecast }) => cannotSucceed(traffic, forecast, unit));
  return [
    traffic.errors > 0
      ? undefined
      : `Stable has no ${failedName(unit)} now: the times assume a rate of ${percent(defaults.floor)}.`,
    belowFloor(traffic, all[0]?.forecast, unit),
    refused[0] &&
      `${stableReplicas} stable pods cannot serve ${refused.length > 1 ? "weights" : "weight"} ${joined(refused.map(({ weight }) => String(weight)))}: 1 canary pod beside them gets ${percent(refused[0].forecast.share)} of the ${unit.noun}s.`,
    ...new Set(sentences),
  ].filter((sentence) => sentence !== undefined);
}

/** A sentence for a share at which a decision takes too long, about the largest regression for which it does. */
function cannotSucceed(
  { requestsPerSecond }: Traffic,
  { share, notice, clear }: Forecast,
  { noun }: Unit,
): string | undefined {
  const isLong = (seconds: number) => seconds > pollingDefaults.cannotSucceedSeconds && Number.isFinite(seconds);
  const slow = notice.findLast(({ expected }) => isLong(expected.seconds));
  const needs = [
    slow && `a ${slow.ratio}x regression needs ${time(slow.expected.seconds)}`,
    isLong(clear.seconds) && `a clean release ${slow ? "" : "needs "}${time(clear.seconds)}`,
  ].filter(Boolean);
  if (needs.length === 0) return undefined;
  const advice = share < 0.5 ? "choose a larger weight" : `only more ${noun}s make it faster`;
  return `At ${percent(share)} and ${times(requestsPerSecond)} ${noun}s/s ${needs.join(" and ")}: ${advice}.`;
}

function belowFloor({ errors }: Traffic, forecast: Forecast | undefined, unit: Unit): string | undefined {
  const never = forecast?.notice.findLast(({ expected }) => expected.seconds === Infinity);
  if (never === undefined) return undefined;
  return `${never.ratio} times stable's ${percent(errors)} of ${failedName(unit)} is below the floor of ${percent(defaults.floor)}: such a regression is not noticed at any weight.`;
}

const failedName = ({ noun }: Unit) => (noun === "item" ? "failed items" : "5xx");

/** `1`, `1 and 5`, `1, 5 and 10`. */
const joined = (names: readonly string[]) => new Intl.ListFormat("en-GB").format(names);

const time = (seconds: number) => (Number.isFinite(seconds) ? span(seconds) : "never");
