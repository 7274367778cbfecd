import { get } from "../harness/kubectl.ts";
import { startLoad } from "../sandbox/load.ts";
import { type Bench, namespaces } from "./bench.ts";
import type { Figure } from "./figure.ts";

/** Requests that fail while canary takes a release, prod takes it too, and prod is rolled back. */
export async function lostRequests(bench: Bench): Promise<Figure[]> {
  await bench.canaryUp(0);
  await bench.prodUp(0);
  const { spec } = await get(namespaces.ours, "service", "fop-gate");
  const url = `http://${spec.clusterIP}/`;
  const loads = await Promise.all(
    [false, true].map((keepalive) => startLoad({ url, rate: 100, duration: "10m", keepalive })),
  );
  try {
    await bench.canaryUp(1);
    await bench.prodUp(1);
    await bench.prodUp(0);
  } finally {
    // Also ends the load where an `up` failed.
    await Promise.allSettled(loads.map((load) => load.stop()));
  }
  const totals = await Promise.all(loads.map((load) => load.totals));
  return ["new connections", "kept-alive ones"].map((connections, arm) => {
    const { requests = 0, failed = 0, retried = 0 } = totals[arm] ?? {};
    return {
      what: `failed requests during B up, prod, undo: ${connections}`,
      ours: `${failed} of ${requests}${retried > 0 ? ` (${retried} retried)` : ""}`,
      other: "",
      ratio: "",
      asked: `0: ${failed === 0 && requests > 0 ? "reached" : "MISSED"}`,
    };
  });
}
