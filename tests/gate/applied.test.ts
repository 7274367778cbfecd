import assert from "node:assert/strict";
import { awaitApplied } from "../../gate/applied.ts";
import { gateway } from "../../live/traffic/gateway/mode.ts";
import { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";
import { withoutSleep } from "../fake/sleep.ts";

const path = "/apis/gateway.networking.k8s.io/v1/namespaces/dora-apps/httproutes/web";
const parentRef = { name: "public" };
const statusOf = (status: string) => ({
  parents: [
    {
      parentRef,
      conditions: ["Accepted", "ResolvedRefs"].map((type) => ({ type, status, reason: "NotAllowedByListeners" })),
    },
  ],
});
const warning =
  "web: HTTPRoute web is not applied, so users may not reach the service (Gateway public: Accepted is False, NotAllowedByListeners): correct the route's arguments or what it names.";

describe("the wait for the gateways of a route", () => {
  let api: ApiServer;
  let restore: () => void;
  let slept: (milliseconds: number) => void;
  let now: number;
  const clock = Date.now;
  beforeEach(async () => {
    api = await ApiServer.start();
    api.put("/apis/gateway.networking.k8s.io/v1", { metadata: { name: "v1" } });
    now = clock();
    Date.now = () => now;
    slept = () => {};
    restore = withoutSleep((milliseconds) => {
      now += milliseconds;
      slept(now);
    });
  });
  afterEach(async () => {
    Date.now = clock;
    restore();
    await api.stop();
  });
  const put = (status: string) =>
    void api.put(path, { metadata: { name: "web" }, spec: { parentRefs: [parentRef] }, status: statusOf(status) });
  const wait = (signal = new AbortController().signal) =>
    awaitApplied({ api: direct(api), namespace: "dora-apps", service: "web" }, gateway, "web", signal);

  it("ends at once if they apply it", async () => {
    put("True");
    assert.equal(await wait(), undefined);
  });

  it("ends when they apply it", async () => {
    put("False");
    const began = now;
    slept = (at) => at - began >= 2000 && put("True");
    assert.equal(await wait(), undefined);
    assert.ok(now - began < 3000);
  });

  it("ends after 10 s with a warning that says why they do not", async () => {
    put("False");
    const began = now;
    assert.equal(await wait(), warning);
    assert.ok(now - began >= 10_000 && now - began < 11_000);
  });

  it("ends with the warning if it is interrupted", async () => {
    put("False");
    assert.equal(await wait(AbortSignal.abort()), warning);
  });

  it("goes on while the route cannot be read, and says so at its end", async () => {
    put("False");
    api.intercept = ({ path: to }) => (to === path ? { status: 500, body: { message: "etcd is down" } } : undefined);
    const began = now;
    assert.match((await wait()) ?? "", /^web: whether HTTPRoute web is applied could not be read \(etcd is down/);
    assert.ok(now - began >= 10_000);
  });

  it("says nothing of a route that does not exist", async () => {
    assert.equal(await wait(), undefined);
  });
});
