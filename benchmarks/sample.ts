/** Repeated measurements of one thing. */
export type Sample = readonly number[];

export function median(sample: Sample): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined) throw new Error("nothing was measured");
  return (low + high) / 2;
}

/** The median and, in brackets, the smallest and the largest. @param digits behind the point */
export function show(sample: Sample, unit: string, digits = 2): string {
  const [middle, least, most] = [median(sample), Math.min(...sample), Math.max(...sample)].map((value) =>
    value.toFixed(digits),
  );
  return sample.length === 1 ? `${middle} ${unit}` : `${middle} ${unit} (${least}-${most})`;
}

/** Seconds that a piece of work takes. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/**
 * Measures several sides in turn, A B A B ..., so that whatever else the machine does falls on all of them.
 *
 * @param sides name -> measures once
 */
export async function interleave<Side extends string>(
  rounds: number,
  armCounts: Readonly<Record<Side, (round: number) => Promise<number>>>,
): Promise<Record<Side, Sample>> {
  const names = Object.keys(armCounts) as Side[];
  const found = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) found[name].push(await armCounts[name](round));
  }
  return found;
}
