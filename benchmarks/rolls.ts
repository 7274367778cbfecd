import { type Bench, imageOf, namespaces, prodMinReadySeconds } from "./bench.ts";
import { compared, type Figure } from "./figure.ts";
import { Peer } from "./peer.ts";
import { interleave, seconds } from "./sample.ts";

const rounds = 3;

/** prod to the other release and back, pod by pod, beside kubectl with the same objects. */
export async function prodRolls(bench: Bench): Promise<Figure[]> {
  const peer = await Peer.of(bench.project, "prod", namespaces.kubectl);
  // The pods of stable mount config files that canary's stack owns.
  const canary = await Peer.of(bench.project, "canary", namespaces.kubectl);
  await canary.roll(imageOf(1), 0);
  await peer.roll(imageOf(1), prodMinReadySeconds);
  const { ours, kubectl } = await interleave(rounds, {
    ours: (round) => seconds(() => bench.prodUp(round)),
    kubectl: (round) => seconds(() => peer.roll(imageOf(round), prodMinReadySeconds)),
  });
  const what = `prod, 9 pods, minReadySeconds ${prodMinReadySeconds} / kubectl apply + rollout status`;
  return [compared(what, ours, kubectl, { unit: "s", most: 1.1 })];
}

/** A new release on canary until it is available, beside kubectl with the same objects. */
export async function canaryRolls(bench: Bench, minReadySeconds: number): Promise<Figure[]> {
  const peer = await Peer.of(bench.project, "canary", namespaces.kubectl);
  bench.project.share({ minReadySeconds });
  await peer.roll(imageOf(1), 0);
  const { ours, kubectl } = await interleave(rounds, {
    ours: (round) => seconds(() => bench.canaryUp(round)),
    kubectl: (round) => seconds(() => peer.roll(imageOf(round), minReadySeconds)),
  });
  const what = `canary, new release, minReadySeconds ${minReadySeconds} / kubectl apply + rollout status`;
  return [compared(what, ours, kubectl, { unit: "s", most: 1.15 })];
}
