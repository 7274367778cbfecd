/** The indicators that a verdict considers. */
import type { Indicator, IndicatorKind } from "../indicator.ts";
import { clientErrors, serverErrors } from "./http-status.ts";
import { latency } from "./latency.ts";
import { missingAnswers } from "./missing-answers.ts";
import { items as failedItems, pair } from "./pair.ts";
import { stability } from "./stability.ts";

/** The built-in indicators beside 5xx. */
const others: readonly IndicatorKind[] = [clientErrors, latency, stability];

/** Names that a user's pair cannot have, because built-in indicators have them. */
export const reservedNames: readonly string[] = [serverErrors, ...others, missingAnswers].map((kind) => kind(0).name);

/**
 * The built-in indicators, and one for each pair of the user. 5xx gets half of alpha, because these harm users most and must
 * be noticed first; the others share the rest evenly. Any fixed shares give a valid average of e-values (Vovk and Wang 2021).
 *
 * @param pairs names of the pairs
 * @param perRequest whether each request is routed by weight alone, so that missing answers can be counted
 * @param items the pair that takes the place of requests, for a worker: its failed items take the place of 5xx, and there is no 4xx.
 *   @default requests
 * @throws Error for a pair whose name is already used
 *
 * @example indicatorsOf(["orders"], false).map(({ name }) => name); // ["5xx", "4xx", "latency", "stability", "orders"]
 */
export function indicatorsOf(pairs: readonly string[], perRequest: boolean, items?: string): readonly Indicator[] {
  const taken = pairs.find((name, at) => reservedNames.includes(name) || pairs.indexOf(name) !== at);
  if (taken !== undefined) throw new Error(`a pair cannot be named ${taken}: that name is taken`);
  const ofRequests = [...others, ...(perRequest ? [missingAnswers] : [])];
  const beside = [
    ...(items === undefined ? ofRequests : [latency, stability]),
    ...pairs.filter((name) => name !== items).map(pair),
  ];
  return [
    (items === undefined ? serverErrors : failedItems(items))(1 / 2),
    ...beside.map((kind) => kind(1 / 2 / beside.length)),
  ];
}
