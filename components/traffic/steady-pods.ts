/** Canary's number of pods beside a stable that an autoscaler scales: it moves only for changes that matter. Pure. */

/** The least distance by which the ideal number must leave the range of the current one, in pods and as a part of the range's end. */
const slack = { pods: 0.15, part: 0.1 };

/**
 * Canary's number of pods for an ideal number, which is seldom whole.
 *
 * 1. Without a current number it is the ideal one, rounded.
 * 2. The current number stays while the ideal one is in the range that is rounded to the current one, or at most 10 % beyond it, but at
 *    least 0.15 pods. So a stable that goes back and forth between two numbers does not take canary's pods along, and canary's share still
 *    never exceeds one and a half times the weight if whole pods can avoid it.
 * 3. Any larger change moves it to the ideal number, rounded.
 *
 * @param rounding `up` if the pods must carry a load, `nearest` if their number is a share
 * @example steadyPods(1.6, "nearest", 1) // 1, although 1.6 is rounded to 2
 */
export function steadyPods(ideal: number, rounding: "nearest" | "up", current?: number): number {
  // A quotient such as 2.0000000000000004 is 2.
  const exact = Number(ideal.toFixed(9));
  const rounded = rounding === "up" ? Math.ceil(exact) : Math.round(exact);
  if (current === undefined || current < 1) return rounded;
  const [from, to] = rounding === "up" ? [current - 1, current] : [current - 0.5, current + 0.5];
  const beyond = (end: number) => Math.max(slack.pods, slack.part * end);
  return exact >= from - beyond(from) && exact <= to + beyond(to) ? current : rounded;
}
