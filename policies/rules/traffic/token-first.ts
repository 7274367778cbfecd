import { asService, called, type Service } from "../../engine/declared.ts";
import type { Backend } from "../../engine/entrances.ts";
import { canaryService, httpRoute } from "../../engine/examples.ts";
import { pairsOf } from "../../engine/pairs.ts";
import type { Rule } from "../../engine/rule.ts";
import { prevails, type ReadRoute, readRoute, tokenHeader } from "../../engine/token-match.ts";

const tokenHeaders = [{ name: tokenHeader, type: "Exact", value: "s3cret" }];
const prefix = (value: string) => ({ type: "PathPrefix", value });
const beta = { name: "x-beta", type: "Exact", value: "1" };
const canaryAlone = [{ name: "fop-gate-canary", port: 80, weight: 100 }];
const stableAlone = [{ name: "fop-gate-stable", port: 80, weight: 100 }];
const weight = {
  matches: [{ path: prefix("/") }],
  backendRefs: [
    { name: "fop-gate-stable", port: 80, weight: 90 },
    { name: "fop-gate-canary", port: 80, weight: 10 },
  ],
};

/**
 * With the token a person tests canary in production before users reach it, so each request with the token must reach canary. A
 * gateway chooses the most specific match, not the first. So the rule of the token must be repeated with the conditions of each
 * match that would otherwise take precedence. A match to another backend is allowed if the same route has a match that
 *
 * 1. leads only to canary, and requires the token and no condition that the other match does not have,
 * 2. is at least as specific in every respect: path, method, headers, exact headers, query parameters,
 * 3. comes first in the list if both are equally specific.
 *
 * "In every respect" makes this correct also for gateways that deviate from the order in the specification (components/match.ts).
 * The rule judges the routes of a service, and rules of other routes that lead to the service. It never reads the token's value.
 */
export const tokenFirst: Rule = {
  name: "token-first",
  description: "No rule of an HTTPRoute prevents requests with the token from reaching canary.",
  severity: "high",
  remediation:
    "Add a rule with the token and the same conditions before the rule in the message, or leave the route to CanaryService.",
  judge: (one, { declared }) =>
    pairsOf(one, declared, asService, readRoute).flatMap(([service, route]) => faults(service, route)),
  examples: {
    allowed: [
      { name: "the rule of the token, then the weight", resources: [canaryService(), httpRoute([token(), weight])] },
      {
        name: "the token repeated for a path, and before a rule with one header",
        resources: [
          canaryService(),
          httpRoute([
            { matches: [...token().matches, ...token({ path: prefix("/export") }).matches], backendRefs: canaryAlone },
            { matches: [{ path: prefix("/export") }, { headers: [beta] }], backendRefs: stableAlone },
            weight,
          ]),
        ],
      },
      {
        name: "the token repeated with a pattern that matches an exact value",
        resources: [
          canaryService(),
          httpRoute([
            token({ headers: [...tokenHeaders, { name: "x-team", type: "RegularExpression", value: "(?i)qa|ops" }] }),
            {
              matches: [
                {
                  headers: [
                    { name: "X-Team", type: "Exact", value: "QA" },
                    { name: "x-a", type: "RegularExpression", value: "1" },
                  ],
                },
              ],
              backendRefs: stableAlone,
            },
            token(),
            weight,
          ]),
        ],
      },
      {
        name: "a route to another service on the same host",
        resources: [
          canaryService(),
          httpRoute([token(), weight]),
          httpRoute([{ matches: [{ path: prefix("/static") }], backendRefs: [{ name: "static", port: 80 }] }], {
            metadata: { name: "static", labels: undefined },
          }),
        ],
      },
      {
        name: "a route only to canary",
        resources: [
          canaryService(),
          httpRoute([{ backendRefs: canaryAlone }], { metadata: { name: "trial", labels: undefined } }),
        ],
      },
    ],
    disallowed: [
      {
        name: "no rule of the token",
        resources: [canaryService(), httpRoute([weight])],
        message:
          /^HTTPRoute dora-apps\/fop-gate: a request with the token to \/ meets rules\[0\]\.matches\[0\] before canary of dora-apps\/fop-gate: add a rule before it/,
      },
      {
        name: "a rule with a longer path",
        resources: [
          canaryService(),
          httpRoute([token(), { matches: [{ path: prefix("/export") }], backendRefs: stableAlone }, weight]),
        ],
        message: /with the token to \/export meets rules\[1\]/,
      },
      {
        name: "a rule with as many headers, first in the list",
        resources: [
          canaryService(),
          httpRoute([{ matches: [{ headers: [beta] }], backendRefs: stableAlone }, token(), weight]),
        ],
        message: /meets rules\[0\]\.matches\[0\]/,
      },
      {
        name: "a rule with more headers",
        resources: [
          canaryService(),
          httpRoute([
            token(),
            {
              matches: [{ headers: [beta, { name: "x-team", type: "Exact", value: "qa" }] }],
              backendRefs: stableAlone,
            },
            weight,
          ]),
        ],
        message: /meets rules\[1\]/,
      },
      {
        name: "a rule for one method",
        resources: [
          canaryService(),
          httpRoute([token(), { matches: [{ method: "POST" }], backendRefs: stableAlone }, weight]),
        ],
        message: /meets rules\[1\]/,
      },
      {
        name: "a rule of the token that splits by weight",
        resources: [canaryService(), httpRoute([{ ...token(), backendRefs: weight.backendRefs }])],
        message: /rules\[0\]\.matches\[0\] requires x-gray-token but does not lead only to fop-gate-canary/,
      },
      {
        name: "the token repeated with a pattern that matches only a part of the value",
        resources: [
          canaryService(),
          httpRoute([
            token({ headers: [...tokenHeaders, { name: "x-team", type: "RegularExpression", value: "qa" }] }),
            {
              matches: [
                {
                  headers: [
                    { name: "x-team", value: "qa-2" },
                    { name: "x-a", type: "RegularExpression", value: "1" },
                  ],
                },
              ],
              backendRefs: stableAlone,
            },
            token(),
            weight,
          ]),
        ],
        message: /meets rules\[1\]/,
      },
      {
        name: "the token as a pattern, which some gateways do not support",
        resources: [
          canaryService(),
          httpRoute([token({ headers: [{ name: tokenHeader, type: "RegularExpression", value: "s3cret" }] }), weight]),
        ],
        message: /meets rules\[1\]/,
      },
      {
        name: "a rule of the service's route to another service",
        resources: [
          canaryService(),
          httpRoute([token(), { matches: [{ path: prefix("/static") }], backendRefs: [{ name: "static" }] }, weight]),
        ],
        message: /with the token to \/static meets rules\[1\]/,
      },
      {
        name: "a pattern that matches the token",
        resources: [
          canaryService(),
          httpRoute([
            {
              matches: [{ headers: [{ name: "X-Gray-Token", type: "RegularExpression", value: ".*" }] }],
              backendRefs: stableAlone,
            },
            token(),
            weight,
          ]),
        ],
        message: /rules\[0\]\.matches\[0\] requires x-gray-token/,
      },
      {
        name: "another route to the shared Service",
        resources: [
          canaryService(),
          httpRoute([{ backendRefs: [{ name: "fop-gate", port: 80 }] }], {
            metadata: { name: "inside", labels: undefined },
          }),
        ],
        message:
          /^HTTPRoute dora-apps\/inside: a request with the token to \/ meets rules\[0\]\.matches\[0\] before canary of dora-apps\/fop-gate:/,
      },
      {
        name: "another route that was declared before the service",
        resources: [
          httpRoute([{ backendRefs: stableAlone }], { metadata: { name: "inside", labels: undefined } }),
          canaryService(),
        ],
        message: /^HTTPRoute dora-apps\/inside/,
      },
    ],
  },
};

function faults(service: Service, { route, owner, rules }: ReadRoute): string[] {
  const { name, namespace } = service;
  const canary = `${name}-canary`;
  const isOf = (names: readonly (string | undefined)[]) => (backend: Backend) =>
    backend.namespace === namespace && names.includes(backend.service);
  const own = owner === name && route.namespace === namespace;
  const toCanary = rules.filter(({ backends }) => backends.length > 0 && backends.every(isOf([canary])));
  const tokens = toCanary.flatMap(({ matches }) => matches.filter((match) => match.token === "Exact"));
  const others = rules.filter((rule) => !toCanary.includes(rule));
  const judged = others.filter(({ backends }) => own || backends.some(isOf([name, `${name}-stable`, canary])));
  return judged
    .flatMap(({ matches }) => matches)
    .filter((match) => !tokens.some((token) => prevails(token, match)))
    .map((match) =>
      match.token !== undefined
        ? `${called(route)}: ${match.at} requires ${tokenHeader} but does not lead only to ${canary}: make ${canary} its only backend, or remove it.`
        : `${called(route)}: a request with the token to ${match.path} meets ${match.at} before canary of ${namespace}/${name}: add a rule before it that also requires ${tokenHeader} and leads only to ${canary}.`,
    );
}

function token(conditions: object = {}) {
  return { matches: [{ path: prefix("/"), headers: tokenHeaders, ...conditions }], backendRefs: canaryAlone };
}
