import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, Unreachable } from "../../kubernetes/api-error.ts";
import { connect } from "../../kubernetes/client.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { ApiServer } from "../fake/api-server.ts";
import { apiServerBehind } from "./api-server-behind.ts";
import { FaultyProxy } from "./faulty-proxy.ts";
import type { Fate } from "./weather.ts";

const namespace = "/api/v1/namespaces/dora-apps";

describe("the faulty proxy before an API server", () => {
  let api: ApiServer;
  let proxy: FaultyProxy;
  let client: Cluster;
  let fate: Fate;
  let over: number;
  beforeEach(async () => {
    api = await ApiServer.start({ hasConnections: true });
    fate = { milliseconds: 0 };
    over = 0;
    proxy = await FaultyProxy.start({
      fate: () => fate,
      ask: apiServerBehind(findAccess({ kubeconfig: api.kubeconfig })),
      wait: async (_, milliseconds) => {
        if (milliseconds !== Number.POSITIVE_INFINITY) await sleep(milliseconds);
      },
      befalls: () => () => void over++,
      answered: () => {},
    });
    client = connect(findAccess({ kubeconfig: api.kubeconfig.replace(api.url, proxy.url) }));
  });
  afterEach(async () => {
    await proxy.stop();
    await api.stop();
  });
  const made = () => api.objects.has(`${namespace}/configmaps/one`);
  const make = () => client.create(`${namespace}/configmaps`, { metadata: { name: "one" } });

  it("passes requests and answers on as they are, as who its own kubeconfig says", async () => {
    await make();
    assert.deepEqual((await client.list(`${namespace}/configmaps`)).length, 1);
    assert.equal(api.requests.at(-1)?.headers.authorization, "Bearer secret-token");
  });

  it("answers in the place of the API server, and tells when a fault is over", async () => {
    fate = { fault: 500, milliseconds: 0 };
    await assert.rejects(make(), (error) => error instanceof ApiError && error.status === 500);
    assert.ok(!made());
    assert.equal(over, 1);
  });

  it("answers 404 in the words of a proxy", async () => {
    fate = { fault: 404, milliseconds: 0 };
    await assert.rejects(client.get(namespace), (error) => {
      assert.match((error as Error).message, /default backend - 404/);
      return error instanceof Unreachable;
    });
  });

  it("cuts a connection before a request is done, or after", async () => {
    fate = { fault: "cut", milliseconds: 0 };
    await assert.rejects(make(), Unreachable);
    assert.ok(!made());
    fate = { fault: "cut answer", milliseconds: 0 };
    await assert.rejects(make(), Unreachable);
    assert.ok(made());
  });

  it("lets a request hang until nobody waits any more, whether it is done or not", async () => {
    fate = { fault: "hung answer", milliseconds: 0 };
    await assert.rejects(
      client.until(AbortSignal.timeout(100)).create(`${namespace}/configmaps`, { metadata: { name: "one" } }),
    );
    assert.ok(made());
    fate = { fault: "hung", milliseconds: 0 };
    await assert.rejects(client.until(AbortSignal.timeout(100)).delete(`${namespace}/configmaps/one`));
    assert.ok(made());
  });

  it("sends half a body", async () => {
    fate = { fault: "half body", milliseconds: 0 };
    await assert.rejects(client.get(namespace), Unreachable);
  });
});
