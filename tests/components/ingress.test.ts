import assert from "node:assert/strict";
import * as v from "valibot";
import { type IngressArgs, ingressSchema, ingressSpec, portsOfIngress } from "../../components/ingress.ts";

const backend = (port: object) => ({ service: { name: "web", port } });

describe("an Ingress", () => {
  it("has one host and path to the first port by default", () => {
    assert.deepEqual(ingressSpec("web", 80, { host: "shop.example.com" }), {
      rules: [
        {
          host: "shop.example.com",
          http: { paths: [{ path: "/", pathType: "Prefix", backend: backend({ number: 80 }) }] },
        },
      ],
    });
  });

  it("has several hosts and paths, and refers to ports by number or name", () => {
    const spec = ingressSpec("web", 80, {
      rules: [
        {
          host: "a.example.com",
          paths: [
            { path: "/api", port: "api" },
            { path: "/live", pathType: "Exact", port: 81 },
          ],
        },
        { host: "b.example.com" },
        { paths: [{ pathType: "ImplementationSpecific" }] },
      ],
    });
    assert.deepEqual(spec.rules, [
      {
        host: "a.example.com",
        http: {
          paths: [
            { path: "/api", pathType: "Prefix", backend: backend({ name: "api" }) },
            { path: "/live", pathType: "Exact", backend: backend({ number: 81 }) },
          ],
        },
      },
      { host: "b.example.com", http: { paths: [{ path: "/", pathType: "Prefix", backend: backend({ number: 80 }) }] } },
      { http: { paths: [{ path: "/", pathType: "ImplementationSpecific", backend: backend({ number: 80 }) }] } },
    ]);
  });

  it("has one certificate for all its hosts, or one for each", () => {
    const rules = [{ host: "a" }, { host: "b" }, { host: "a" }, {}];
    assert.deepEqual(ingressSpec("web", 80, { rules, tlsSecretName: "cert" }).tls, [
      { hosts: ["a", "b"], secretName: "cert" },
    ]);
    const tls = [{ hosts: ["a"], secretName: "cert-a" }, { secretName: "cert-b" }];
    assert.deepEqual(ingressSpec("web", 80, { rules, tls }).tls, tls);
  });

  it("names every port to which it leads", () => {
    assert.deepEqual(portsOfIngress({ host: "a", port: "api" }), ["api"]);
    assert.deepEqual(portsOfIngress({ rules: [{ paths: [{ port: 81 }, {}] }, {}] }), [81, undefined, undefined]);
  });

  for (const [what, args, at, message] of [
    ["neither host nor rules", {}, "host", "set it, or give rules"],
    ["host and rules", { host: "a", rules: [{}] }, "host", "rules are given, so put it into one"],
    ["a path beside rules", { path: "/a", rules: [{}] }, "path", "rules are given, so put it into one"],
    ["a port beside rules", { port: 80, rules: [{}] }, "port", "rules are given, so put it into one"],
    ["no rule", { rules: [] }, "rules", "must have at least one rule"],
    [
      "two kinds of certificates",
      { host: "a", tls: [], tlsSecretName: "cert" },
      "tlsSecretName",
      "tls is given, so remove one of them",
    ],
    [
      "a path that does not begin with /",
      { rules: [{ paths: [{ path: "a" }] }] },
      "rules.0.paths.0.path",
      "must begin with /",
    ],
    [
      "an unknown type of path",
      { host: "a", pathType: "Regex" },
      "pathType",
      "must be Prefix, Exact or ImplementationSpecific",
    ],
  ] as const) {
    it(`refuses ${what}`, () => {
      const { issues } = v.safeParse(ingressSchema, args as IngressArgs);
      assert.equal(issues?.[0].message, message);
      assert.equal(issues && v.getDotPath(issues[0]), at);
    });
  }
});
