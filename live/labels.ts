type Labels = Record<string, string>;

/** Labels as kubectl writes them: `app=fop-gate,track=stable`, in the order of their names. */
export function showLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(",");
}

export function sameLabels(a: Labels, b: Labels): boolean {
  return showLabels(a) === showLabels(b);
}
