/** ln of the weighted average of numbers given by their logarithms; the weights add up to 1. */
export function average(terms: readonly (readonly [weight: number, log: number, ...unknown[]])[]): number {
  const top = Math.max(...terms.map(([, log]) => log));
  if (top === -Infinity) return top;
  return top + Math.log(terms.reduce((sum, [weight, log]) => sum + weight * Math.exp(log - top), 0));
}
