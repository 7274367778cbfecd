import assert from "node:assert/strict";
import type { MetricSource } from "../../analysis/reading.ts";
import { observe } from "../../evaluation/observe.ts";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { ApiServer } from "../fake/api-server.ts";
import { withoutSleep } from "../fake/sleep.ts";

describe("the polls of a service", () => {
  it("are no further apart than a tick where the machine's clock is set back by an hour", async () => {
    const server = await ApiServer.start();
    const slept: number[] = [];
    const restore = withoutSleep((milliseconds) => slept.push(milliseconds));
    const { now } = Date;
    let behind = 0;
    Date.now = () => now() - behind;
    const stopping = new AbortController();
    const source: MetricSource = {
      describe: () => "read from nothing",
      read: async () => {
        behind = 3_600_000;
        return [];
      },
    };
    try {
      const of = { api: connect(findAccess({ kubeconfig: server.kubeconfig })), namespace: "shop", service: "web" };
      let polls = 0;
      for await (const _ of observe({ ...of, source, signal: stopping.signal, hurries: () => false })) {
        if (++polls === 3) stopping.abort();
      }
      assert.ok(slept.length >= 2);
      assert.ok(Math.max(...slept) <= 5000, `${Math.max(...slept)} ms`);
    } finally {
      Date.now = now;
      restore();
      await server.stop();
    }
  });
});
