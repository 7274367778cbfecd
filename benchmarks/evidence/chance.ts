import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Seeded randomness: the same seed gives the same run on every machine. */
export class Chance {
  private readonly generator;

  constructor(seed: number) {
    this.generator = xoroshiro128plus(seed);
    // Its state begins with three constants; neighbouring seeds need some steps to part.
    for (let step = 0; step < 64; step++) this.uniform();
  }

  /** From 0 to 1. */
  uniform(): number {
    return uniformFloat64(this.generator);
  }

  /** A Poisson count, exactly: large means as sums of small ones. */
  poisson(mean: number): number {
    let count = 0;
    let rest = mean;
    for (; rest > 30; rest -= 30) count += this.smallPoisson(30);
    return count + this.smallPoisson(rest);
  }

  /** How many of `total` hit with a small probability; Poisson, which is what rare errors are. */
  some(total: number, probability: number): number {
    return Math.min(total, this.poisson(total * probability));
  }

  /** 1, 2, ..., with this mean. */
  geometric(mean: number): number {
    return mean <= 1 ? 1 : 1 + Math.floor(Math.log(1 - this.uniform()) / Math.log(1 - 1 / mean));
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** By the gaps of an exponential clock: Knuth's product. */
  private smallPoisson(mean: number): number {
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.uniform(); product > limit; product *= this.uniform()) count++;
    return count;
  }
}
