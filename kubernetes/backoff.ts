/**
 * How long to wait before the next attempt: exponential backoff with jitter. The wait is between half of the current pause and the
 * whole of it, so that two writers that collided once do not collide again. Pure, apart from the random number.
 *
 * @param attempt number of attempts since the pauses began to grow, starting at 1
 * @param limits.first longest pause before the second attempt, in milliseconds
 * @param limits.most longest pause before any attempt, in milliseconds
 * @param chance a random number from 0 to 1. @default Math.random()
 * @returns the pause in milliseconds
 * @example await sleep(backoff(attempt, { first: 100, most: 1000 }))
 */
export function backoff(
  attempt: number,
  { first, most }: { readonly first: number; readonly most: number },
  chance = Math.random(),
): number {
  const whole = Math.min(most, first * 2 ** Math.min(attempt - 1, 30));
  return whole * (0.5 + 0.5 * chance);
}
