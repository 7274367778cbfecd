/** Whether every case runs, however long it takes (`npm run test:long`, `npm run test:mutation`). */
const isLong = process.env.GRAY_LONG === "1";

/** How many cases of a random or simulated test run: a fifth by default, all with GRAY_LONG=1. */
export function runs(all: number): number {
  return isLong ? all : Math.ceil(all / 5);
}

/** From one case of an enumeration to the next: `usual` by default, so that it skips some; each one with GRAY_LONG=1. */
export function stride(usual: number): number {
  return isLong ? 1 : usual;
}
