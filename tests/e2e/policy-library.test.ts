import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, run } from "../../harness/command.ts";
import { stackOf } from "../../policies/engine/examples.ts";

const checkout = join(import.meta.dirname, "../..");

/** Somebody else's rule, in one file: what it asks, and the examples without which no pack loads. */
const calmNames = `
import { called, kubernetes, type Rule } from "gray-release/policies";

export const calmNames: Rule = {
  name: "calm-names",
  description: "No Ingress is called debug.",
  severity: "low",
  remediation: "Give it another name, and tell those who use it.",
  judge(one) {
    if (one.is !== "object" || one.kind !== "Ingress" || !one.name.endsWith("-debug")) return [];
    return [\`\${called(one)} is called debug, and another name is wanted: rename it.\`];
  },
  examples: {
    allowed: [{ name: "the users'", resources: [kubernetes("networking.k8s.io/v1:Ingress", "fop-gate")] }],
    disallowed: [
      {
        name: "debug",
        resources: [kubernetes("networking.k8s.io/v1:Ingress", "fop-gate-debug")],
        message: /is called debug/,
      },
    ],
  },
};
`;
const pack = `
import { PolicyPack, policiesOf, rules } from "gray-release/policies";
import { calmNames } from "./calm-names.ts";

new PolicyPack("shop", { policies: policiesOf([...rules, calmNames], { program: "main.ts" }) });
`;

describe("the policy pack as a library, in somebody else's project", () => {
  const folder = mkdtempSync(join(tmpdir(), "gray-policies-"));
  const write = (path: string, text: string | object) =>
    writeFileSync(join(folder, path), typeof text === "string" ? text : JSON.stringify(text));
  const must = async (command: string, args: string[], cwd = folder): Promise<CommandResult> => {
    const outcome = await run(command, args, { cwd });
    assert.equal(outcome.code, 0, `${command} ${args.join(" ")}:\n${outcome.output}`);
    return outcome;
  };
  /** What is deployed in a stack, judged by a pack. */
  const analyze = (stack: "canary" | "prod", policies: string, ...args: string[]) =>
    run("pulumi", ["policy", "analyze", "--file", `${stack}.json`, "--policy-pack", policies, ...args], {
      cwd: folder,
    });

  before(async () => {
    await must("npm", ["pack", "--pack-destination", folder], checkout);
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
    write("package.json", { name: "shop", private: true, type: "module" });
    await must("npm", ["install", "--no-audit", "--no-fund", `./${tarball}`]);
    mkdirSync(join(folder, "policies"));
    write("policies/PulumiPolicy.yaml", "runtime: nodejs\nmain: index.mts\n");
    write("policies/package.json", { name: "shop-policies", version: "1.0.0", type: "module", main: "index.mts" });
    write("policies/index.mts", pack);
    write("policies/calm-names.ts", calmNames);
    for (const stack of ["canary", "prod"] as const) write(`${stack}.json`, stateOf(stack));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("is a pack by its path in node_modules, and judges", async () => {
    for (const stack of ["canary", "prod"] as const) {
      const { code, output } = await analyze(stack, "node_modules/gray-release/policy-pack");
      assert.equal(code, 0, output);
      assert.match(output, /✅ gray-release@v/);
    }
  });

  it("lets a team switch rules for each stack, in a file of its own", async () => {
    write("strict.json", { "required-labels": { labels: ["cost-center"] } });
    write("mild.json", { "required-labels": { labels: ["cost-center"], enforcementLevel: "advisory" } });
    write("off.json", { "required-labels": "disabled" });
    const judged = (config: string) =>
      analyze("prod", "node_modules/gray-release/policy-pack", "--policy-pack-config", config);
    const [strict, mild, off] = [await judged("strict.json"), await judged("mild.json"), await judged("off.json")];
    assert.notEqual(strict.code, 0);
    assert.match(strict.output, /the organization also requires the label cost-center/);
    assert.equal(mild.code, 0, mild.output);
    assert.match(mild.output, /\[advisory\].*required-labels/);
    assert.equal(off.code, 0, off.output);
    assert.doesNotMatch(off.output, /cost-center/);
  });

  it("takes a rule of their own, in one file, beside the others", async () => {
    const [canary, prod] = [await analyze("canary", "policies"), await analyze("prod", "policies")];
    assert.equal(canary.code, 0, canary.output);
    assert.notEqual(prod.code, 0);
    assert.match(prod.output, /\[mandatory\] \[severity: low\]\s+calm-names/);
    assert.match(prod.output, /Ingress dora-apps\/fop-gate-debug is called debug, .* File to change: main\.ts\./);
  });

  it("has declarations, which their rule type-checks against", async () => {
    write("tsconfig.json", {
      compilerOptions: {
        strict: true,
        noEmit: true,
        module: "nodenext",
        target: "es2024",
        skipLibCheck: true,
        allowImportingTsExtensions: true,
        types: [],
      },
      include: ["policies"],
    });
    await must(join(checkout, "node_modules/.bin/tsc"), ["-p", folder]);
  });
});

/** What the stack holds, as `pulumi stack export` writes it. */
function stateOf(stack: "canary" | "prod") {
  const urn = (type: string, name: string) => `urn:pulumi:${stack}::shop::${type}::${name}`;
  const root = { urn: urn("pulumi:pulumi:Stack", `shop-${stack}`), custom: false, type: "pulumi:pulumi:Stack" };
  const held = stackOf(stack).map(({ type, name, props, protect = false }) => ({
    urn: urn(type, name),
    custom: false,
    type,
    inputs: props,
    protect,
    parent: root.urn,
  }));
  return { version: 3, deployment: { manifest: { time: "2026-01-01T00:00:00Z" }, resources: [root, ...held] } };
}
