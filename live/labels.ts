/** Compares and prints labels. */

type Labels = Record<string, string>;

/** Labels in kubectl's notation, sorted by name: `app=fop-gate,track=stable`. */
export function showLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(",");
}

/** Whether two sets of labels are equal. */
export function sameLabels(a: Labels, b: Labels): boolean {
  return showLabels(a) === showLabels(b);
}
