import assert from "node:assert/strict";

/** Requests or pods, by track. */
export interface Tracks {
  readonly stable: number;
  readonly canary: number;
}

/** A Service draws an endpoint for each connection: fails where the answers are over five standard deviations off that. */
export function assertSplit(answers: Tracks, pods: Tracks): void {
  const count = answers.stable + answers.canary;
  const share = pods.canary / (pods.stable + pods.canary);
  const allowed = 5 * Math.sqrt((share * (1 - share)) / count);
  const said = `canary answered ${answers.canary} of ${count}`;
  process.stdout.write(`      ${said}\n`);
  assert.ok(Math.abs(answers.canary / count - share) < allowed, said);
}
