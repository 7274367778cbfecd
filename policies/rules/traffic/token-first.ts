import { asService, called, pairsOf, type Service } from "../../engine/declared.ts";
import type { Backend } from "../../engine/entrances.ts";
import { canaryService, httpRoute } from "../../engine/examples.ts";
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
 * With the token a person tries canary in production while no user meets it, so nothing may stand in front of it. A gateway takes the
 * most specific match, not the first, so the rule of the token has to be repeated with the conditions of each match that
 * would win over it. A match that does not go to canary alone is in order if there is one in the same route that
 *
 * 1. goes to canary alone and asks for the token and for nothing that the other does not,
 * 2. is as specific in every respect: path, method, headers and exact ones among them, query parameters,
 * 3. stands first in the list if they are alike.
 *
 * Being no less in any respect is right for gateways that deviate from the specification's order too (components/match.ts).
 * Judged are a service's own routes, and of any other route what goes to the service. The token's value is never read.
 */
export const tokenFirst: Rule = {
  name: "token-first",
  description: "No rule of an HTTPRoute stands between a request with the token and canary.",
  severity: "high",
  remediation:
    "Put a rule with the token and the same conditions in front of the one that is named, or leave the route to CanaryService.",
  judge: (one, { declared }) =>
    pairsOf(one, declared, asService, readRoute).flatMap(([service, route]) => faults(service, route)),
  examples: {
    allowed: [
      { name: "the token, then the weight", resources: [canaryService(), httpRoute([token(), weight])] },
      {
        name: "the token repeated for a path, and put before a rule of one header",
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
        name: "the token repeated with a pattern that an exact value fits",
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
        name: "a route to somebody else on the same host",
        resources: [
          canaryService(),
          httpRoute([token(), weight]),
          httpRoute([{ matches: [{ path: prefix("/static") }], backendRefs: [{ name: "static", port: 80 }] }], {
            metadata: { name: "static", labels: undefined },
          }),
        ],
      },
      {
        name: "a route to canary alone",
        resources: [
          canaryService(),
          httpRoute([{ backendRefs: canaryAlone }], { metadata: { name: "trial", labels: undefined } }),
        ],
      },
    ],
    disallowed: [
      {
        name: "the rule of the token is missing",
        resources: [canaryService(), httpRoute([weight])],
        says: /^HTTPRoute dora-apps\/fop-gate: a request with the token to \/ meets rules\[0\]\.matches\[0\] before canary of dora-apps\/fop-gate: put a rule in front of it/,
      },
      {
        name: "a longer path",
        resources: [
          canaryService(),
          httpRoute([token(), { matches: [{ path: prefix("/export") }], backendRefs: stableAlone }, weight]),
        ],
        says: /with the token to \/export meets rules\[1\]/,
      },
      {
        name: "as many headers, and first in the list",
        resources: [
          canaryService(),
          httpRoute([{ matches: [{ headers: [beta] }], backendRefs: stableAlone }, token(), weight]),
        ],
        says: /meets rules\[0\]\.matches\[0\]/,
      },
      {
        name: "more headers",
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
        says: /meets rules\[1\]/,
      },
      {
        name: "one method alone",
        resources: [
          canaryService(),
          httpRoute([token(), { matches: [{ method: "POST" }], backendRefs: stableAlone }, weight]),
        ],
        says: /meets rules\[1\]/,
      },
      {
        name: "the token goes by weight",
        resources: [canaryService(), httpRoute([{ ...token(), backendRefs: weight.backendRefs }])],
        says: /rules\[0\]\.matches\[0\] asks for x-gray-token and does not go to fop-gate-canary alone/,
      },
      {
        name: "the token repeated with a pattern that the value fits in part alone",
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
        says: /meets rules\[1\]/,
      },
      {
        name: "the token by a pattern, which some gateways do not know",
        resources: [
          canaryService(),
          httpRoute([token({ headers: [{ name: tokenHeader, type: "RegularExpression", value: "s3cret" }] }), weight]),
        ],
        says: /meets rules\[1\]/,
      },
      {
        name: "a rule of the service's own route to somebody else",
        resources: [
          canaryService(),
          httpRoute([token(), { matches: [{ path: prefix("/static") }], backendRefs: [{ name: "static" }] }, weight]),
        ],
        says: /with the token to \/static meets rules\[1\]/,
      },
      {
        name: "a pattern that the token fits",
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
        says: /rules\[0\]\.matches\[0\] asks for x-gray-token/,
      },
      {
        name: "another route to the shared Service",
        resources: [
          canaryService(),
          httpRoute([{ backendRefs: [{ name: "fop-gate", port: 80 }] }], {
            metadata: { name: "inside", labels: undefined },
          }),
        ],
        says: /^HTTPRoute dora-apps\/inside: a request with the token to \/ meets rules\[0\]\.matches\[0\] before canary of dora-apps\/fop-gate:/,
      },
      {
        name: "another route that was declared before the service",
        resources: [
          httpRoute([{ backendRefs: stableAlone }], { metadata: { name: "inside", labels: undefined } }),
          canaryService(),
        ],
        says: /^HTTPRoute dora-apps\/inside/,
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
        ? `${called(route)}: ${match.at} asks for ${tokenHeader} and does not go to ${canary} alone: give it that backend, or take it out.`
        : `${called(route)}: a request with the token to ${match.path} meets ${match.at} before canary of ${namespace}/${name}: put a rule in front of it that asks for ${tokenHeader} as well, and goes to ${canary} alone.`,
    );
}

function token(conditions: object = {}) {
  return { matches: [{ path: prefix("/"), headers: tokenHeaders, ...conditions }], backendRefs: canaryAlone };
}
