import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Chance that a seed decides: the same seed and keys give the same answers. */
export interface Chance {
  /** From 0 to 1, without 1. */
  readonly share: () => number;
  /** A whole number, both ends included. */
  readonly whole: (least: number, most: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
  readonly is: (probability: number) => boolean;
}

/**
 * Chance for one purpose. What is asked for one purpose changes nothing for another, so that histories stay alike when one of them
 * asks more often.
 *
 * @example chanceOf(7, "steps").whole(1, 6)
 */
export function chanceOf(seed: number, ...purpose: readonly (string | number)[]): Chance {
  const random = xoroshiro128plus(hash(`${seed} ${purpose.join(" ")}`));
  // The first number still looks like its seed.
  random.next();
  const share = () => (random.next() >>> 0) / 2 ** 32;
  const whole = (least: number, most: number) => least + Math.floor(share() * (most - least + 1));
  return {
    share,
    whole,
    pick: (from) => {
      if (from.length === 0) throw new Error("there is nothing to choose from");
      return from[whole(0, from.length - 1)] as (typeof from)[number];
    },
    is: (probability) => share() < probability,
  };
}

/** FNV-1a, with the last step of murmur3, so that neighbours are far apart. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) | 0;
}
