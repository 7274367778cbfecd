import assert from "node:assert/strict";
import { assertPasses } from "../../../cli/commands/judge.ts";
import type { Finding, Judged } from "../../../cli/policy-report/findings.ts";
import { findingLines } from "../../../cli/policy-report/text.ts";
import { UserError } from "../../../components/user-error.ts";

const finding = (stack: string, sentence: string, given: Partial<Finding> = {}): Finding => ({
  stack: `organization/shop/${stack}`,
  rule: "non-root",
  description: "No container runs as root.",
  message: `${sentence} File to change: index.ts.`,
  level: "mandatory",
  severity: "high",
  urn: `urn:pulumi:${stack}::shop::kubernetes:apps/v1:Deployment::web`,
  ...given,
});
const judged = (stack: string, ...findings: Finding[]): Judged => ({
  stack: `organization/shop/${stack}`,
  rules: ["non-root", "seccomp", "weight-step"],
  findings,
});
const root = (name: string) => `Deployment shop/${name}, container web has runAsUser 0: set another user.`;
const seccomp = { rule: "seccomp", severity: "medium" };

describe("findings of policies as text", () => {
  it("have a finding once for both tracks and all stacks that it holds in", () => {
    assert.equal(
      findingLines([
        judged("canary", finding("canary", root("web-canary"))),
        judged("prod", finding("prod", root("web"))),
      ]),
      [
        "canary: 1 violation of 3 rules.",
        "prod: 1 violation of 3 rules.",
        "  non-root (mandatory, high) in canary and prod",
        "    Deployment shop/web and web-canary, container web has runAsUser 0: set another user.",
        "    File to change: index.ts.",
      ].join("\n"),
    );
  });

  it("have a finding on both tracks of one stack once, and count it once", () => {
    const both = judged("dev", finding("dev", root("web-canary")), finding("dev", root("web")));
    assert.match(
      findingLines([both]),
      /^dev: 1 violation of 3 rules\.\n {2}non-root \(mandatory, high\) in dev\n.*\n.*$/,
    );
  });

  it("name the file to change once for each object, and keep objects apart", () => {
    const of = (name: string) => [
      finding("prod", `Deployment shop/${name} has no seccompProfile: set it.`, seccomp),
      finding("prod", root(name)),
    ];
    assert.deepEqual(
      findingLines([judged("prod", ...of("web"), ...of("api"))])
        .split("\n")
        .slice(1),
      [
        "  non-root (mandatory, high) in prod",
        "    Deployment shop/web, container web has runAsUser 0: set another user.",
        "  seccomp (mandatory, medium) in prod",
        "    Deployment shop/web has no seccompProfile: set it.",
        "    File to change: index.ts.",
        "  non-root (mandatory, high) in prod",
        "    Deployment shop/api, container web has runAsUser 0: set another user.",
        "  seccomp (mandatory, medium) in prod",
        "    Deployment shop/api has no seccompProfile: set it.",
        "    File to change: index.ts.",
      ],
    );
  });

  it("name the configuration of each stack of a finding", () => {
    const step = (stack: string) =>
      finding(stack, "", {
        rule: "weight-step",
        message: `shop/web raises canary by 90: raise it by 25. File to change: Pulumi.yaml, Pulumi.${stack}.yaml or index.ts.`,
      });
    assert.match(
      findingLines([judged("canary", step("canary")), judged("prod", step("prod"))]),
      /File to change: Pulumi\.yaml, Pulumi\.canary\.yaml, Pulumi\.prod\.yaml or index\.ts\.$/,
    );
  });

  it("keep apart what differs in more than the name of the track", () => {
    const other = root("web").replace("runAsUser 0", "runAsUser unset");
    const lines = findingLines([
      judged("canary", finding("canary", root("web-canary"))),
      judged("prod", finding("prod", other)),
    ]);
    assert.equal(lines.match(/non-root/g)?.length, 2);
    assert.equal(lines.match(/File to change/g)?.length, 1);
  });

  it("fail a plan and a rollout with all stacks of the first violation, and the number of others", () => {
    const more = finding("prod", "Deployment shop/web has no seccompProfile: set it.", seccomp);
    const all = [
      judged("canary", finding("canary", root("web-canary"))),
      judged("prod", finding("prod", root("web")), more),
    ];
    assert.throws(
      () => assertPasses(all),
      new UserError(
        "Stacks canary and prod violate the policy non-root: Deployment shop/web and web-canary, container web has runAsUser 0: set another user. File to change: index.ts. (And 1 more violation.)",
      ),
    );
  });
});
