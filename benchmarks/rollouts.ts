import { type Bench, imageOf, namespaces } from "./bench.ts";
import { Driven } from "./driven.ts";
import { compared, type Figure, limited } from "./figure.ts";
import { Peer } from "./peer.ts";
import { interleave, type Sample, seconds } from "./sample.ts";

const rounds = 3;
/** Seconds that a pod of fop-gate has to end, with its connections. */
const graceSeconds = 90;

/**
 * A rollout with the waits of its plan taken out, beside kubectl with the same objects; then what a person waits for who rolls a
 * release back, or goes on after a crash.
 *
 * @param minReadySeconds of the pods of a rollout
 * @param undoneReadySeconds of the pods that come back in an undo, and of the one beside them
 */
export async function rollouts(bench: Bench, minReadySeconds: number, undoneReadySeconds: number): Promise<Figure[]> {
  const driven = await Driven.of(bench, minReadySeconds);
  const canary = await Peer.of(bench.project, "canary", namespaces.kubectl);
  const stable = await Peer.of(bench.project, "prod", namespaces.kubectl);
  await canary.roll(imageOf(1), 0);
  await stable.roll(imageOf(1), 0);
  const memory: number[] = [];
  const promoted = await interleave(rounds, {
    async ours() {
      const { seconds, memory: peak } = await driven.promote();
      memory.push(peak);
      return seconds;
    },
    kubectl: (round) =>
      seconds(async () => {
        await canary.roll(imageOf(round), minReadySeconds);
        await stable.roll(imageOf(round), minReadySeconds);
      }),
  });
  const taken = await interleave(rounds, {
    undo: () => driven.undo(undoneReadySeconds),
    pod: (round) => seconds(() => canary.roll(imageOf(round + 1), undoneReadySeconds)),
  });
  const aborted = [await driven.abort(), await driven.abort(), await driven.abort()];
  const resumed: Sample = [await driven.resume(), await driven.resume(), await driven.resume()];
  const ready = `minReadySeconds ${minReadySeconds}`;
  return [
    compared(
      `gray rollout without waits, 9 + 1 pods, ${ready} / kubectl apply + rollout status`,
      promoted.ours,
      promoted.kubectl,
      { unit: "s", most: 1.25 },
    ),
    compared(
      `gray undo until 9 pods of stable are back, minReadySeconds ${undoneReadySeconds} / one pod by kubectl`,
      taken.undo,
      taken.pod,
      { unit: "s", most: 1.5 },
    ),
    limited(
      "gray abort to the last answer of canary, new connections",
      aborted.map(({ own }) => own),
      { unit: "s", most: 1 },
    ),
    limited(
      "gray abort to the last answer of canary, kept-alive ones (1 s + its grace)",
      aborted.map(({ kept }) => kept),
      { unit: "s", most: 1 + graceSeconds },
    ),
    limited("gray resume after a kill, to its next effect", resumed, { unit: "s", most: 3 }),
    limited("memory of the driver", memory, { unit: "MB", most: 200, digits: 0 }),
  ];
}
