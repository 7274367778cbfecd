/**
 * The logarithm of a weighted average of numbers, each given by its own logarithm. The weights must add up to 1.
 *
 * @example average([[1 / 2, Math.log(1)], [1 / 2, Math.log(3)]]) // Math.log(2)
 */
export function average(terms: readonly (readonly [weight: number, log: number, ...unknown[]])[]): number {
  const top = Math.max(...terms.map(([, log]) => log));
  if (top === -Infinity) return top;
  return top + Math.log(terms.reduce((sum, [weight, log]) => sum + weight * Math.exp(log - top), 0));
}
