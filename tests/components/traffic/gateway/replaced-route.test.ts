import assert from "node:assert/strict";
import type { ServiceArgs } from "../../../../components/service-args.ts";
import { type ForeignRoute, routeObstacle } from "../../../../components/traffic/gateway/replaced-route.ts";
import { serviceArgs } from "../../fop-gate.ts";

const args = (routes: NonNullable<ServiceArgs["gateway"]>["routes"]) =>
  serviceArgs({ namespace: "shop", ports: [{ port: 80 }], gateway: { routes } });
const gateways = [{ name: "public", namespace: "infra" }];
const live = (changes: Partial<ForeignRoute["spec"]> = {}): ForeignRoute => ({
  metadata: { name: "web", namespace: "shop" },
  spec: {
    parentRefs: gateways,
    hostnames: ["a.example.com"],
    rules: [{ backendRefs: [{ name: "web", port: 80 }] }],
    ...changes,
  },
});

describe("a route of a program in place of a live HTTPRoute", () => {
  it("has its Gateways, hostnames and port", () => {
    const wanted = args([{ gateways, hostnames: ["a.example.com"] }]);
    assert.equal(routeObstacle("web", wanted, live()), undefined);
    assert.match(
      routeObstacle("web", wanted, live({ hostnames: ["b.example.com"] })) ?? "",
      /HTTPRoute web has .*b\.example\.com.* and the program has .*a\.example\.com.*, so change the program/,
    );
    assert.match(routeObstacle("web", wanted, live({ parentRefs: [{ name: "public" }] })) ?? "", /and the program has/);
    const otherPort = live({ rules: [{ backendRefs: [{ name: "web", port: 81 }] }] });
    assert.match(routeObstacle("web", wanted, otherPort) ?? "", /"port":81.* and the program has .*"port":80/);
  });

  it("does not take the place of one that sends some requests only", () => {
    const rules = [{ matches: [{ method: "GET" }], backendRefs: [{ name: "web", port: 80 }] }];
    const wanted = args([{ gateways, hostnames: ["a.example.com"] }]);
    assert.match(
      routeObstacle("web", wanted, live({ rules })) ?? "",
      /HTTPRoute web cannot be taken over, because its rule matches some requests only/,
    );
  });
});
