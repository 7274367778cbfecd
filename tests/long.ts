/** Whether every case runs, however long it takes (`npm run test:long`, `npm run test:mutation`). */
const isLong = process.env.GRAY_LONG === "1";

/** How many cases of a random or simulated test run: a tenth by default, all with GRAY_LONG=1. */
export function runs(all: number): number {
  return isLong ? all : Math.ceil(all / 10);
}

/**
 * How many cases of a random test run whose assertion counts what they come to. By default the same ones each time, so that the count
 * of so few is not left to chance; with GRAY_LONG=1 all, and others each time.
 */
export function counted(all: number): { numRuns: number; seed?: number } {
  return isLong ? { numRuns: all } : { numRuns: Math.ceil(all / 5), seed: 1 };
}

/** From one case of an enumeration to the next: `usual` by default, so that it skips some; each one with GRAY_LONG=1. */
export function stride(usual: number): number {
  return isLong ? 1 : usual;
}
