import assert from "node:assert/strict";
import type { GatewayObject } from "../../kubernetes/objects/gateway.ts";
import type { ParentRef } from "../../kubernetes/objects/route.ts";
import { entranceOf } from "../../probe/gateway-endpoint.ts";
import { podEndpoint } from "../../probe/pod-endpoint.ts";
import { pod } from "../analysis/reading.ts";
import { DarkCanary } from "../fake/dark-canary.ts";

type Listener = NonNullable<GatewayObject["spec"]["listeners"]>[number];
const listener = (name: string, changes: Partial<Listener> = {}): Listener => ({
  name,
  port: name === "https" ? 443 : 80,
  protocol: name.toUpperCase(),
  ...changes,
});
const attached = (
  listeners: readonly Listener[],
  ref: Partial<ParentRef> = {},
  value: string | undefined = "192.0.2.1",
) =>
  [
    { name: "public", ...ref },
    { spec: { gatewayClassName: "edge", listeners }, status: { addresses: value === "" ? [] : [{ value }] } },
  ] as const;

const http = listener("http");
const https = listener("https");
const below = (hostname: string) => listener("http", { hostname });

describe("the entrance for requests with the token", () => {
  for (const [what, hostnames, gateways, expected] of [
    ["at the Gateway's address, for the route's host", ["a.com"], [attached([http])], ["http://192.0.2.1", "a.com"]],
    [
      "for the address if neither route nor listener names a host",
      [],
      [attached([http])],
      ["http://192.0.2.1", undefined],
    ],
    ["by TLS if there is such a listener", ["a.com"], [attached([http, https])], ["https://192.0.2.1", "a.com"]],
    [
      "by TLS at a later Gateway rather than in plain text at the first",
      ["a.com"],
      [attached([http]), attached([https], {}, "192.0.2.2")],
      ["https://192.0.2.2", "a.com"],
    ],
    [
      "at the listener that the route is attached to",
      ["a.com"],
      [attached([https, http], { sectionName: "http" })],
      ["http://192.0.2.1", "a.com"],
    ],
    [
      "at the port that the route is attached to",
      ["a.com"],
      [attached([https, listener("http", { port: 8080 })], { port: 8080 })],
      ["http://192.0.2.1:8080", "a.com"],
    ],
    ["at an IPv6 address", ["a.com"], [attached([http], {}, "2001:db8::1")], ["http://[2001:db8::1]", "a.com"]],
    ["at a host's name", ["a.com"], [attached([http], {}, "edge.net")], ["http://edge.net", "a.com"]],
    ["for some host below a wildcard", ["*.a.com"], [attached([http])], ["http://192.0.2.1", "gray-probe.a.com"]],
    ["for the listener's host", [], [attached([below("a.com")])], ["http://192.0.2.1", "a.com"]],
    [
      "for the listener's host below the route's wildcard",
      ["*.a.com"],
      [attached([below("b.a.com")])],
      ["http://192.0.2.1", "b.a.com"],
    ],
    [
      "for the route's host below the listener's wildcard",
      ["a.net", "b.a.com"],
      [attached([below("*.a.com")])],
      ["http://192.0.2.1", "b.a.com"],
    ],
    ["nowhere where route and listener have no host in common", ["a.com"], [attached([below("*.a.com")])], undefined],
    ["nowhere where the Gateway has no address", ["a.com"], [attached([http], {}, "")], undefined],
    ["nowhere where there is no such Gateway", ["a.com"], [[{ name: "public" }, undefined]], undefined],
    ["nowhere where TLS is passed through", ["a.com"], [attached([listener("tls", { protocol: "TLS" })])], undefined],
  ] as const) {
    it(`is ${what}`, () => {
      const entrance = entranceOf(hostnames, gateways);
      assert.deepEqual(entrance && [entrance.origin, entrance.host], expected);
    });
  }

  it("is at the given address, for the route's host", () => {
    const url = new URL("https://192.0.2.9:8443");
    assert.deepEqual(entranceOf(["*.a.com"], [], url), { origin: "https://192.0.2.9:8443", host: "gray-probe.a.com" });
    assert.deepEqual(entranceOf([], [], url), { origin: "https://192.0.2.9:8443" });
  });
});

describe("the endpoint of a pod", () => {
  it("never reaches another part of the API", async () => {
    const dark = await DarkCanary.start();
    try {
      const endpoint = podEndpoint(dark.cluster, "dora-apps", pod("web-1"), [{ port: 80, targetPort: 8080 }], [80]);
      for (const path of ["/../../../secrets", "/%2e%2e/x", "/a/..", "/..%2fx", "/\\..\\x"]) {
        const sent = endpoint.send({ port: 80, method: "GET", path, headers: {}, signal: AbortSignal.timeout(5000) });
        await assert.rejects(sent, /leads upwards/);
      }
      assert.equal(dark.world.api.requests.length, 0);
    } finally {
      await dark.stop();
    }
  });
});
