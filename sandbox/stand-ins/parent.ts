/** A plugin must not outlive the Pulumi CLI that started it, not even one that was killed without a word. */
const LOOK_EVERY_MS = 250;

export function endWithParent(end: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) end();
  }, LOOK_EVERY_MS).unref();
}
