/**
 * What two streams of counts say about the ratio of their rates: evidence that is valid at every look, however often one
 * looks and whenever one stops.
 *
 * In a tick canary had `x` events on an exposure of `R_c` and stable `y` on `R_s`; the rates are `λ·ratio` and `λ`, with a `λ` that
 * is unknown and free to change from tick to tick. Given `x + y`, `x` is binomial with `q(ratio) = R_c·ratio / (R_c·ratio + R_s)`: `λ` has
 * gone, so trouble that both share says nothing. One array, the log-likelihood on a grid of ratios, then gives everything:
 * mixtures of likelihood ratios against a null hypothesis are e-processes, and `P(E ever reaches 1/α) <= α` (Ville).
 *
 * Sources: Lindon and Malek, Anytime-Valid Inference for Multinomial Count Data, 2022; Kulldorff et al., A Maximized SPRT,
 * 2011; Howard et al., Time-uniform confidence sequences, 2021. Where the counts are of requests that fail or do not, `x` is
 * hypergeometric and the bound still holds (Hoeffding 1963, theorem 4).
 */

/** Points to the octave: with twice as many, nothing is noticed sooner and everything costs twice as much. */
const perOctave = 4;
/** Ratios 1/16 to 64; 1 and 2 are on it. */
const points = Float64Array.from({ length: 10 * perOctave + 1 }, (_, at) => ratioAt(at));
const size = points.length;
const marginAt = size;
const limitAt = size + 1;

/** The log-likelihood on the grid, and at margin and limit; adding up is all that ever happens to it. */
export type LogLikelihood = Float64Array;
/** How many numbers one has. */
export const likelihoodLength = size + 2;

/** A mixture: which points, and the logarithm of the weight of each. */
interface Mixture {
  readonly from: number;
  readonly logWeights: Float64Array;
}

/** The tests of a ratio against a margin (is it worse?) and a limit (is it surely not much worse?). */
export class RatioTest {
  private readonly grid: Float64Array;
  private readonly logGrid: Float64Array;
  private readonly above: Mixture;
  private readonly below: Mixture;
  private readonly everywhere: Mixture;

  /**
   * @param margin the largest ratio that is still taken for equal, from 1
   * @param limit the ratio that must be ruled out before a release is good, more than 1
   */
  constructor({ margin, limit }: { readonly margin: number; readonly limit: number }) {
    this.grid = Float64Array.of(...points, margin, limit);
    this.logGrid = this.grid.map((g) => Math.log(g));
    // Small regressions are likelier than huge ones, but one that is hardly beyond the margin cannot be told from it; a
    // release is likelier to be slightly than vastly better.
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

  /** What is known before anything was seen. */
  nothing(): LogLikelihood {
    return new Float64Array(likelihoodLength);
  }

  /** Adds one tick. Counts and exposures may be any numbers from 0; without both exposures a tick compares nothing. */
  add(known: LogLikelihood, x: number, canaryExposure: number, y: number, stableExposure: number): void {
    const events = x + y;
    if (!(events > 0 && canaryExposure > 0 && stableExposure > 0)) return;
    const { grid, logGrid } = this;
    const stablePerCanary = stableExposure / canaryExposure;
    for (let at = 0; at < grid.length; at++) {
      // x·ln g - (x + y)·ln(R_c·g + R_s), less a constant that is the same at every point.
      known[at] =
        (known[at] as number) + x * (logGrid[at] as number) - events * Math.log((grid[at] as number) + stablePerCanary);
    }
  }

  /**
   * ln E against "the ratio is at most the margin": large where canary is worse.
   *
   * @param dispersion how many events come together as one; 1 for independent ones
   */
  logWorse(known: LogLikelihood, dispersion = 1): number {
    return logMix(known, this.above, marginAt, dispersion);
  }

  /** ln E against "the ratio is at least the limit": large where canary is surely not that much worse. */
  logFine(known: LogLikelihood, dispersion = 1): number {
    return logMix(known, this.below, limitAt, dispersion);
  }

  /**
   * A confidence sequence: with probability 1 - alpha it holds the true ratio at every look.
   *
   * @returns its ends, rounded outwards where they are between points; 0 and Infinity where there is no bound
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

  /** The likeliest ratio, or undefined where nothing was seen; 0 and Infinity mean beyond the grid. */
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

/** The ratio at a place on the grid, or between two. */
function ratioAt(place: number): number {
  return 2 ** (place / perOctave - 4);
}

/**
 * How far beyond a point the log-likelihood may still be above `least`, 0 to 1 step, where it is below at the next. In the
 * logarithm of the ratio it is concave, so it is below the straight line through any two points, outside of them.
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

/** ln of the mixture of likelihoods, relative to the one at a reference point if there is one. */
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
