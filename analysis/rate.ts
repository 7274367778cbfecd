/**
 * What counts say about a rate by itself, with nothing to compare it to: how sure it is that fewer, or more, than a
 * given share of requests is bad. Valid at every look, like the ratio (analysis/ratio.ts).
 *
 * A mixture over Beta(1/2, b) with the given rate as its mean, cut off at that rate so that it tests one side only
 * (Howard et al. 2021, proposition 7; Robbins 1970). The integral is a sum over a grid: a mixture over any weights is an
 * e-process, and unlike the incomplete Beta function it loses no digits at millions of requests.
 */
interface Mixture {
  /** ln of the weight, of the rate over the tested one, and of its complement over the tested one's. */
  readonly points: readonly { readonly weight: number; readonly bad: number; readonly fine: number }[];
}

const size = 64;
/** The smallest rate of the grid below, as a part of the tested rate: fewer cannot be told from none. */
const smallest = 1 / 256;

/** The tests of one rate. */
export class RateTest {
  private readonly below: Mixture;
  private readonly above: Mixture;

  /** @param rate the tested share of bad requests, more than 0 and less than 1/2 */
  constructor(rate: number) {
    this.below = mixture(rate, logSpaced(rate * smallest, rate * 0.98));
    this.above = mixture(rate, logSpaced(rate * 1.02, 0.99));
  }

  /** ln E against "at least the rate is bad": large where canary is surely below it. */
  logBelow(bad: number, total: number, dispersion = 1): number {
    return logMix(this.below, bad / dispersion, total / dispersion);
  }

  /** ln E against "at most the rate is bad": large where canary is surely above it. */
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
  // The Beta density times the rate, because the grid is even in the logarithm.
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
