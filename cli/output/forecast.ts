import { defaults, pollingDefaults } from "../../analysis/defaults.ts";
import { percent, span, times } from "../../analysis/format.ts";
import { type Forecast, forecast, type Traffic } from "../../analysis/planner.ts";
import { gatewayMode, replicasMode } from "../../components/traffic.ts";
import { UserError } from "../../components/user-error.ts";
import { plainTable } from "./table.ts";

/** What to expect of a decision at one weight. */
export interface Prospect {
  /** In percent, as one asks for it; absent for a share in force that comes from none of these weights. */
  readonly weight?: number;
  readonly inForce: boolean;
  /** `up` would refuse the weight, because the share that so few pods reach is far from it. */
  readonly refused: boolean;
  /** With the share that is really reached. */
  readonly forecast: Forecast;
}

/** Weights that one may choose from, in percent. */
const usualWeights = [1, 5, 10, 25, 50] as const;

/**
 * Prospects of some weights and of the share in force, by share.
 *
 * @param shareInForce of the requests that canary gets now, 0 to 1. @default none: canary is dark
 * @param byGateway a gateway splits the requests, so that any weight can be had. @default false
 * @param weights in percent. @default 1, 5, 10, 25 and 50
 */
export function prospects(
  traffic: Traffic,
  stableReplicas: number,
  shareInForce = 0,
  byGateway = false,
  weights: readonly number[] = usualWeights,
): Prospect[] {
  const asked = weights.map((weight) => {
    const mode = byGateway ? gatewayMode() : replicasMode(true);
    const share = mode.plan(weight, stableReplicas, {}).share / 100;
    return { weight, share, refused: !byGateway && isRefused(weight, stableReplicas), inForce: false };
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

function isRefused(weight: number, stableReplicas: number): boolean {
  try {
    replicasMode().plan(weight, stableReplicas, {});
    return false;
  } catch (error) {
    if (error instanceof UserError) return true;
    throw error;
  }
}

/** The prospects as a person reads them. */
export function prospectTable(traffic: Traffic, all: readonly Prospect[]): string {
  const ratios = all[0]?.forecast.notice.map(({ ratio }) => `${ratio}X NOTICED IN`) ?? [];
  return plainTable(
    ["WEIGHT", "REACHED", "REQUESTS/S TO CANARY", ...ratios, "CLEAN CLEARED IN"],
    all.map(({ weight, inForce, refused, forecast: { share, notice, clear } }) => [
      [weight ?? "", refused ? "(refused)" : "", inForce ? "(in force)" : ""].filter((part) => part !== "").join(" "),
      percent(share),
      times(traffic.requestsPerSecond * share),
      ...notice.map(({ expected }) => time(expected.seconds)),
      time(clear.seconds),
    ]),
  );
}

/** What has to be said beside the table, each a sentence. */
export function caveats(traffic: Traffic, stableReplicas: number, all: readonly Prospect[]): string[] {
  const refused = all.filter((each) => each.refused);
  const sentences = all.filter((each) => !each.refused).map(({ forecast }) => cannotSucceed(traffic, forecast));
  return [
    traffic.errors > 0
      ? undefined
      : `Stable answers no 5xx now: the times are those against a rate of ${percent(defaults.floor)}.`,
    belowFloor(traffic, all[0]?.forecast),
    refused[0] &&
      `${refused.length > 1 ? "Weights" : "Weight"} ${joined(refused.map(({ weight }) => String(weight)))} cannot be had from ${stableReplicas} stable pods: 1 canary pod beside them gets ${percent(refused[0].forecast.share)} of the requests.`,
    ...new Set(sentences),
  ].filter((sentence) => sentence !== undefined);
}

/** Says that a decision would take longer than anybody waits, for the largest regression of which that is so. */
function cannotSucceed({ requestsPerSecond }: Traffic, { share, notice, clear }: Forecast): string | undefined {
  const isLong = (seconds: number) => seconds > pollingDefaults.cannotSucceedSeconds && Number.isFinite(seconds);
  const slow = notice.findLast(({ expected }) => isLong(expected.seconds));
  const needs = [
    slow && `a ${slow.ratio}x regression needs ${time(slow.expected.seconds)}`,
    isLong(clear.seconds) && `a clean release ${slow ? "" : "needs "}${time(clear.seconds)}`,
  ].filter(Boolean);
  if (needs.length === 0) return undefined;
  const endpoint = share < 0.5 ? "choose a larger weight" : "only more requests make it faster";
  return `At ${percent(share)} and ${times(requestsPerSecond)} requests/s ${needs.join(" and ")}: ${endpoint}.`;
}

function belowFloor({ errors }: Traffic, forecast: Forecast | undefined): string | undefined {
  const never = forecast?.notice.findLast(({ expected }) => expected.seconds === Infinity);
  if (never === undefined) return undefined;
  return `${never.ratio} times stable's ${percent(errors)} of 5xx is less than ${percent(defaults.floor)}, which hurts nobody: no weight brings it to notice.`;
}

/** `1`, `1 and 5`, `1, 5 and 10`. */
const joined = (names: readonly string[]) => new Intl.ListFormat("en-GB").format(names);

const time = (seconds: number) => (Number.isFinite(seconds) ? span(seconds) : "never");
