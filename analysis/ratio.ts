/**
 * Tests the ratio of the event rates of canary and stable. The evidence is valid at every poll, however often you poll and
 * whenever you stop.
 *
 * In a tick canary had `x` events on an exposure of `R_c`, and stable had `y` on `R_s`. The rates are `λ·ratio` and `λ`, where `λ` is
 * unknown and may change from tick to tick. Given `x + y`, `x` is binomial with `q(ratio) = R_c·ratio / (R_c·ratio + R_s)`, which
 * does not depend on `λ`: trouble that both arms share is no evidence. All tests use one array, the log-likelihood on a grid of
 * ratios. Mixtures of likelihood ratios against a null hypothesis are e-processes, and `P(E ever reaches 1/α) <= α` (Ville).
 *
 * Sources: Lindon and Malek, Anytime-Valid Inference for Multinomial Count Data, 2022; Kulldorff et al., A Maximized SPRT,
 * 2011; Howard et al., Time-uniform confidence sequences, 2021. Where events are failed requests among all requests, `x` is
 * hypergeometric and the bound still holds (Hoeffding 1963, theorem 4).
 */

/** Grid points per octave: twice as many double the cost and notice nothing sooner. */
const perOctave = 4;
/** The grid of ratios, from 1/16 to 64; it includes 1 and 2. */
const points = Float64Array.from({ length: 10 * perOctave + 1 }, (_, at) => ratioAt(at));
const size = points.length;
const marginAt = size;
const limitAt = size + 1;

/**
 * The log-likelihood at each grid point, at the margin and at the limit. Ticks only add to it.
 *
 * @example const known: LogLikelihood = new RatioTest(defaults).nothing();
 */
export type LogLikelihood = Float64Array;
/** The length of a {@link LogLikelihood}. */
export const likelihoodLength = size + 2;

/** A mixture: consecutive grid points from `from` on, and the logarithms of their weights. */
interface Mixture {
  readonly from: number;
  readonly logWeights: Float64Array;
}

/**
 * The tests of a ratio: is it above a margin, is it below a limit?
 *
 * @example
 * const test = new RatioTest({ margin: 1.25, limit: 2 });
 * const known = test.nothing();
 * test.add(known, 30, 1000, 10, 9000); // 30 of 1 000 requests failed on canary, 10 of 9 000 on stable
 * test.logWorse(known) >= Math.log(1 / 0.01); // true
 */
export class RatioTest {
  private readonly grid: Float64Array;
  private readonly logGrid: Float64Array;
  private readonly above: Mixture;
  private readonly below: Mixture;
  private readonly everywhere: Mixture;

  /**
   * @param margin the largest ratio that still counts as equal, at least 1
   * @param limit the ratio that must be ruled out before a release is good, more than 1
   */
  constructor({ margin, limit }: { readonly margin: number; readonly limit: number }) {
    this.grid = Float64Array.of(...points, margin, limit);
    this.logGrid = this.grid.map((g) => Math.log(g));
    // Small regressions are likelier than huge ones, but a regression close to the margin cannot be distinguished from it.
    // A slight improvement is likelier than a vast one.
    this.above = mixture(
      (g) => g > margin,
      (g) => (1 - margin / g) / g,
    );
    this.below = mixture(
      (g) => g < limit && g > limit / 12,
      (g) => g,
    );
    this.everywhere = mixture(
      () => true,
      (g) => 1 / (1 + Math.abs(Math.log(g))),
    );
  }

  /** The log-likelihood before the first tick. */
  nothing(): LogLikelihood {
    return new Float64Array(likelihoodLength);
  }

  /** Adds one tick to `known`. Counts and exposures are numbers from 0; a tick without exposure of both arms adds nothing. */
  add(known: LogLikelihood, x: number, canaryExposure: number, y: number, stableExposure: number): void {
    const events = x + y;
    if (!(events > 0 && canaryExposure > 0 && stableExposure > 0)) return;
    const { grid, logGrid } = this;
    const stablePerCanary = stableExposure / canaryExposure;
    for (let at = 0; at < grid.length; at++) {
      // x·ln g - (x + y)·ln(R_c·g + R_s), minus a constant that is equal at all points.
      known[at] =
        (known[at] as number) + x * (logGrid[at] as number) - events * Math.log((grid[at] as number) + stablePerCanary);
    }
  }

  /**
   * ln E against the hypothesis that the ratio is at most the margin: large where canary is worse.
   *
   * @param dispersion number of events that count as one (analysis/dispersion.ts). @default 1, for independent events
   */
  logWorse(known: LogLikelihood, dispersion = 1): number {
    return logMix(known, this.above, marginAt, dispersion);
  }

  /** ln E against the hypothesis that the ratio is at least the limit: large where canary is surely less than that much worse. */
  logFine(known: LogLikelihood, dispersion = 1): number {
    return logMix(known, this.below, limitAt, dispersion);
  }

  /**
   * A confidence sequence of the ratio: with probability 1 - alpha it contains the true ratio at all polls.
   *
   * @returns its ends, rounded outwards between grid points; 0 and Infinity where there is no bound
   */
  interval(known: LogLikelihood, alpha: number, dispersion = 1): readonly [lower: number, upper: number] {
    const total = logMix(known, this.everywhere, undefined, dispersion);
    const least = (total - Math.log(1 / alpha)) * dispersion;
    let first = 0;
    while ((known[first] as number) <= least) first++;
    let last = size - 1;
    while ((known[last] as number) <= least) last--;
    return [
      first === 0 ? 0 : ratioAt(first - reach(known, first, -1, least)),
      last === size - 1 ? Infinity : ratioAt(last + reach(known, last, 1, least)),
    ];
  }

  /** The likeliest ratio, or undefined without data; 0 and Infinity mean that it is beyond the grid. */
  likeliest(known: LogLikelihood): number | undefined {
    let best = 0;
    for (let at = 1; at < size; at++) if ((known[at] as number) > (known[best] as number)) best = at;
    const here = known[best] as number;
    if (here === known[0] && here === known[size - 1]) return undefined;
    if (best === 0) return 0;
    if (best === size - 1) return Infinity;
    const [before, after] = [known[best - 1] as number, known[best + 1] as number];
    const shift = (before - after) / (2 * (before - 2 * here + after));
    return ratioAt(best + shift);
  }
}

/** The ratio at a position on the grid; fractions are between two points. */
function ratioAt(place: number): number {
  return 2 ** (place / perOctave - 4);
}

/**
 * The part of the step from `inside` to the next point, 0 to 1, on which the log-likelihood may still exceed `least`. At the
 * next point it does not. The log-likelihood is concave in the logarithm of the ratio, so outside of any two points it is
 * below the straight line through them.
 */
function reach(known: LogLikelihood, inside: number, step: 1 | -1, least: number): number {
  const fall = (at: number) =>
    Math.min(at, at + step) < 0 || Math.max(at, at + step) >= size
      ? 0
      : (known[at] as number) - (known[at + step] as number);
  const outside = inside + step;
  const [inner, outer] = [fall(inside - step), fall(outside)];
  return Math.min(
    1,
    inner > 0 ? ((known[inside] as number) - least) / inner : 1,
    outer > 0 ? Math.max(0, 1 - (least - (known[outside] as number)) / outer) : 1,
  );
}

function mixture(holds: (g: number) => boolean, weight: (g: number) => number): Mixture {
  const chosen = Array.from(points.keys()).filter((at) => holds(points[at] as number));
  const sum = chosen.reduce((total, at) => total + weight(points[at] as number), 0);
  return {
    from: chosen[0] as number,
    logWeights: Float64Array.from(chosen, (at) => Math.log(weight(points[at] as number) / sum)),
  };
}

/** ln of the mixture of likelihoods, relative to the likelihood at a reference point if one is given. */
function logMix(
  known: LogLikelihood,
  { from, logWeights }: Mixture,
  reference: number | undefined,
  dispersion: number,
): number {
  let top = -Infinity;
  for (let at = 0; at < logWeights.length; at++) {
    top = Math.max(top, (known[from + at] as number) / dispersion + (logWeights[at] as number));
  }
  let sum = 0;
  for (let at = 0; at < logWeights.length; at++) {
    sum += Math.exp((known[from + at] as number) / dispersion + (logWeights[at] as number) - top);
  }
  return top + Math.log(sum) - (reference === undefined ? 0 : (known[reference] as number) / dispersion);
}
