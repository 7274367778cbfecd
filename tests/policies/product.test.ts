import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import type { Rule as UserRule } from "../../components/rule.ts";
import type { SecretArgs } from "../../components/secret-args.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { gatewayMode } from "../../components/traffic/gateway/mode.ts";
import { type HttpRouteRule, routeRules } from "../../components/traffic/gateway/route.ts";
import { UserError } from "../../components/user-error.ts";
import { canaryService, deployment, httpRoute, stackOf } from "../../policies/engine/examples.ts";
import { organizationDefaults } from "../../policies/engine/organization-defaults.ts";
import { policiesOf } from "../../policies/engine/pack.ts";
import type { ExampleResource } from "../../policies/engine/rule.ts";
import { rules } from "../../policies/engine/rules.ts";
import { tokenFirst } from "../../policies/rules/traffic/token-first.ts";
import { canaryCapacity } from "../../policies/rules/workload/canary-capacity.ts";
import { anyRules, paths } from "../components/any-rules.ts";
import { envoyGateway, routed, specification, traefik } from "../components/gateway-api.ts";
import { restricted } from "../expected-failures/policies/variant.ts";
import { Checkout } from "../fake/checkout.ts";
import type { Run } from "../fake/engine.ts";
import { program, web } from "../fake/web.ts";
import { World } from "../fake/world.ts";
import { counted, runs } from "../long.ts";
import { runPolicies } from "./run-policies.ts";

const token = "s3cret";

describe("the policy pack on the objects of CanaryService", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
    world.installGateway();
  });
  afterEach(() => world.stop());

  const violations = ({ resources }: Run, settings: typeof organizationDefaults | undefined = undefined) =>
    runPolicies(
      policiesOf(rules),
      resources.map(({ type, name, inputs, protect }) => ({ type, name, props: inputs, protect })),
      { ...(settings && { settingsByPolicy: settings }) },
    );
  /** Deploys a stack, and checks both the deployment and a preview of the same program. */
  const passes = async (
    stack: string,
    made: Parameters<World["up"]>[1],
    config = {},
    settings?: typeof organizationDefaults,
  ) => {
    assert.deepEqual(await violations(await world.up(stack, made, { config }), settings), []);
    assert.deepEqual(await violations(await world.up(stack, made, { config, preview: true }), settings), []);
  };

  it("passes fop-gate, both stacks", async () => {
    const checkout = new Checkout();
    try {
      for (const stack of ["canary", "prod"] as const)
        await passes(stack, checkout.program, checkout.config(stack), organizationDefaults);
    } finally {
      checkout.remove();
    }
  });

  it("has the current resources of fop-gate's stacks as its examples", async () => {
    const checkout = new Checkout();
    const byName = (all: readonly ExampleResource[]) =>
      Object.fromEntries(
        all.map(({ type, name, props, protect }) => [`${type} ${name}`, { props, protect: !!protect }]),
      );
    try {
      for (const stack of ["canary", "prod"] as const) {
        const { resources } = await world.up(stack, checkout.program, { config: checkout.config(stack) });
        const held = resources.filter(({ type }) => /^(kubernetes|gray-release):/.test(type));
        const made = held.map(({ type, name, inputs, protect }) => ({ type, name, props: inputs, protect }));
        // Each run here has its own organization (tests/fake/engine.ts), and each stack its own owner id.
        const owner = String(world.stashes.get(`${stack} fop-gate-owner`)?.output);
        const alike = JSON.stringify(made).replaceAll(/organization-\d+/g, "organization");
        const expected = JSON.parse(alike.replaceAll(owner, "0123456789abcdef"));
        assert.deepEqual(byName(expected), byName(stackOf(stack)), "record policies/fop-gate.json again");
      }
    } finally {
      checkout.remove();
    }
  });

  const shop = (changes: Partial<ServiceArgs> = {}) =>
    web("a", {
      replicas: 3,
      weight: 25,
      containers: [
        {
          name: "web",
          image: "web:1",
          ports: [{ name: "http", containerPort: 8080 }],
          readinessProbe: { httpGet: { path: "/healthz", port: "http" } },
          resources: { requests: { cpu: "20m", memory: "32Mi" }, limits: { memory: "64Mi" } },
          securityContext: restricted.securityContext,
        },
      ],
      ports: [{ port: 80, targetPort: "http" }],
      ...changes,
    });

  it("passes a service of another shape, both tracks in one stack", async () => {
    await passes("live", program(["web", shop()]));
  });

  it("passes Secrets of both modes, with their values given and retained", async () => {
    const env = [{ name: "PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } }];
    const [container] = shop().containers;
    const holding = (mode: SecretArgs["mode"], password: string) =>
      program([
        "web",
        shop({
          containers: [{ ...container, name: "web", env }],
          secrets: { db: { mode, data: { password: pulumi.secret(password) } } },
        }),
      ]);
    for (const password of ["hunter22", "hunter23"]) await passes("live", holding("versioned", password));
    for (const password of ["hunter24", "hunter25"]) await passes("live", holding("shared", password));
  });

  it("passes services behind a gateway, with rules, beside a plain Ingress", async () => {
    const gateways = [{ name: "public", namespace: "infra" }];
    const gateway = {
      routes: [
        { name: "web", gateways, hostnames: ["web.example"] },
        { name: "web-inside", gateways: [{ name: "public", namespace: "infra", sectionName: "https" }] },
      ],
      rules: [
        { to: "stable", pathPrefix: "/export" },
        { to: "canary", headers: { "x-beta": "1" } },
      ] satisfies UserRule[],
    };
    const ingress = { host: "web.example" };
    const debugIngress = { host: "debug.web.example", ingressClassName: "internal" };
    await passes(
      "live",
      program(
        ["web", shop({ gateway, ingress, debugIngress, weight: 0 })],
        ["web-shop", shop({ gateway: { routes: [{ gateways, hostnames: ["shop.example"] }] } })],
      ),
    );
    await passes("live", program(["web", shop({ gateway, ingress, debugIngress, weight: 20 })]));
  });

  it("refuses a weight that jumps, but not one that falls; a run without changes counts as the run before", async () => {
    const at = (weight: number) =>
      program(["web", shop({ weight, gateway: { routes: [{ gateways: [{ name: "public", namespace: "infra" }] }] } })]);
    const found = async (weight: number) =>
      (await violations(await world.up("live", at(weight), { preview: true }))).map(({ message }) => message);
    await passes("live", at(10));
    await passes("live", at(35));
    assert.match((await found(61)).join(), /web: canary's share of the traffic rises from 35 % to 61 %/);
    assert.deepEqual(await found(60), []);
    await passes("live", at(0));
    await passes("live", at(25));
  });

  it("finds enough capacity of canary at every weight and size, without headroom", async () => {
    const weights = fc.integer({ min: 0, max: 100_000 }).map((thousandths) => thousandths / 1000);
    await fc.assert(
      fc.asyncProperty(weights, fc.integer({ min: 1, max: 500 }), async (weight, stable) => {
        const { canaryReplicas, backends = { stable: 100, canary: 0 } } = gatewayMode(1).plan(weight, stable, {});
        const stack = [
          canaryService({ replicas: stable }),
          deployment("canary", { spec: { replicas: canaryReplicas } }),
          httpRoute(routeRules({ service: "fop-gate", port: 80, token, rules: [], backends })),
        ];
        assert.deepEqual(await runPolicies(policiesOf([canaryCapacity]), stack, { settings: { headroom: 0 } }), []);
      }),
    );
  });
});

describe("the policy token-first", () => {
  const weights = fc.constantFrom(0, 10, 100);
  const route = (userRules: readonly UserRule[], weight: number): HttpRouteRule[] | undefined => {
    const { backends = { stable: 100, canary: 0 } } = gatewayMode().plan(weight, 9, {});
    try {
      return routeRules({ service: "fop-gate", port: 80, token, rules: userRules, backends });
    } catch (error) {
      assert.ok(error instanceof UserError);
      return undefined;
    }
  };
  const refused = async (made: readonly HttpRouteRule[]) =>
    (await runPolicies(policiesOf([tokenFirst]), [canaryService(), httpRoute(made)])).length > 0;

  it("accepts every route that the user's rules are compiled to", async () => {
    await fc.assert(
      fc.asyncProperty(anyRules, weights, async (userRules, weight) => {
        const made = route(userRules, weight);
        fc.pre(made !== undefined);
        assert.equal(await refused(made), false);
      }),
      { numRuns: runs(1000) },
    );
  });

  const value = fc.constantFrom("1", "2", "12");
  const anyRequest = fc.record({
    path: fc.constantFrom("/", ...paths, "/a/b/x"),
    headers: fc.record(
      { "x-a": value, "x-b": value, "x-c": value, "x-d": value, cookie: fc.constantFrom("a.b=1", "aXb=2; d=1") },
      { requiredKeys: [] },
    ),
    query: fc.record({ p: value, q: value }, { requiredKeys: [] }),
  });

  /** A route after a manual edit: rules in another order, and perhaps without a match. */
  const edited = fc
    .tuple(anyRules, weights, fc.nat(), fc.nat(), fc.boolean())
    .map(([userRules, weight, first, second, takesOut]) => {
      const made = route(userRules, weight);
      if (made === undefined) return undefined;
      const [from, to] = [first % made.length, second % made.length];
      const moved = made.filter((_, i) => i !== from);
      moved.splice(to, 0, made[from] as HttpRouteRule);
      if (!takesOut) return moved;
      return moved.map((rule, i) =>
        i === to && rule.matches.length > 1
          ? { ...rule, matches: rule.matches.filter((_, j) => j !== first % rule.matches.length) }
          : rule,
      );
    });

  it("refuses every edited route in which a request with the token misses canary on any gateway", async () => {
    const gateways = Object.entries({ specification, traefik, envoyGateway });
    const missed: Record<string, number> = {};
    const draws = counted(1000);
    await fc.assert(
      fc.asyncProperty(edited, fc.array(anyRequest, { minLength: 20, maxLength: 20 }), async (made, requests) => {
        fc.pre(made !== undefined);
        const withToken = requests.map((each) => ({ ...each, headers: { ...each.headers, "x-gray-token": token } }));
        const by = gateways.filter(([, by]) => withToken.some((each) => routed(made, each, by)?.canary !== 100));
        if (by.length === 0) return;
        for (const [name] of by) missed[name] = (missed[name] ?? 0) + 1;
        assert.ok(await refused(made), by.map(([name]) => name).join());
      }),
      draws,
    );
    for (const [name] of gateways)
      assert.ok(
        (missed[name] ?? 0) > draws.numRuns / 50,
        `${missed[name]} of ${draws.numRuns} missed canary (${name})`,
      );
  });
});
