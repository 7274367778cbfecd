/**
 * Tests a single rate against a given value, without a comparison: is the share of bad requests surely below it, or above
 * it? The tests are valid at every poll, like those of the ratio (analysis/ratio.ts).
 *
 * The e-value is a mixture over Beta(1/2, b) whose mean is the given rate, truncated at that rate to test one side only
 * (Howard et al. 2021, proposition 7; Robbins 1970). The integral is a sum over a grid. A mixture with any fixed weights is
 * an e-process, and unlike the incomplete Beta function the sum stays accurate at millions of requests.
 */

/** Grid points of a mixture. */
interface Mixture {
  /** Logarithms of the weight, of the ratio to the tested rate, and of the same ratio of the complements. */
  readonly points: readonly { readonly weight: number; readonly bad: number; readonly fine: number }[];
}

const size = 64;
/** The smallest rate of the lower grid, as a fraction of the tested rate: smaller ones cannot be distinguished from 0. */
const smallest = 1 / 256;

/**
 * The one-sided tests of a rate.
 *
 * @example
 * const { alpha } = defaults; // surely means: with an error probability of alpha over all polls
 * new RateTest(0.01).logAbove(30, 1000) >= Math.log(1 / alpha); // true
 */
export class RateTest {
  private readonly below: Mixture;
  private readonly above: Mixture;

  /** @param rate the tested share of bad requests, more than 0 and less than 1/2 */
  constructor(rate: number) {
    this.below = mixture(rate, logSpaced(rate * smallest, rate * 0.98));
    this.above = mixture(rate, logSpaced(rate * 1.02, 0.99));
  }

  /** ln E against the hypothesis that the rate is at least the tested one: large where it is surely below. */
  logBelow(bad: number, total: number, dispersion = 1): number {
    return logMix(this.below, bad / dispersion, total / dispersion);
  }

  /** ln E against the hypothesis that the rate is at most the tested one: large where it is surely above. */
  logAbove(bad: number, total: number, dispersion = 1): number {
    return logMix(this.above, bad / dispersion, total / dispersion);
  }
}

function logSpaced(first: number, last: number): number[] {
  return Array.from({ length: size }, (_, at) => first * (last / first) ** (at / (size - 1)));
}

function mixture(rate: number, rates: readonly number[]): Mixture {
  const a = 1 / 2;
  const b = (a * (1 - rate)) / rate;
  // The Beta density times the rate, because the grid is spaced evenly in the logarithm.
  const densities = rates.map((p) => p ** a * (1 - p) ** (b - 1));
  const sum = densities.reduce((total, each) => total + each, 0);
  return {
    points: rates.map((p, at) => ({
      weight: Math.log((densities[at] as number) / sum),
      bad: Math.log(p / rate),
      fine: Math.log1p(-p) - Math.log1p(-rate),
    })),
  };
}

function logMix({ points }: Mixture, bad: number, total: number): number {
  const logs = points.map((point) => point.weight + bad * point.bad + (total - bad) * point.fine);
  const top = Math.max(...logs);
  return top + Math.log(logs.reduce((sum, each) => sum + Math.exp(each - top), 0));
}
