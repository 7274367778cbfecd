import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { organizationDefaults } from "../../policies/engine/organization-defaults.ts";
import { policiesOf } from "../../policies/engine/pack.ts";
import { rules } from "../../policies/engine/rules.ts";
import type { Variant } from "../expected-failures/policies/variant.ts";
import { Checkout } from "../fake/checkout.ts";
import { verdict, World } from "../fake/world.ts";
import { runPolicies } from "./run-policies.ts";

const folder = join(import.meta.dirname, "../expected-failures/policies");
const variants: Variant[] = await Promise.all(
  readdirSync(folder)
    .filter((name) => name !== "variant.ts")
    .map(async (name) => (await import(join(folder, name))).default),
);
const hour = 3_600_000;

describe("fop-gate with one defect", () => {
  let intact: World;
  let checkout: Checkout;
  let folder: string;
  before(async () => {
    intact = await installed();
    checkout = new Checkout();
  });
  after(async () => {
    checkout.remove();
    await intact.stop();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gray-variant-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    checkout.restore();
  });

  /** The violations of the whole pack in the preview of a stack. */
  const preview = async (world: World, stack: "canary" | "prod", environment = {}) => {
    let exports = {};
    const program = async () => {
      exports = await checkout.program();
      return exports;
    };
    const { resources } = await world.up(stack, program, {
      config: checkout.config(stack),
      preview: true,
      environment,
    });
    const declared = resources.map(({ type, name, inputs, protect }) => ({ type, name, props: inputs, protect }));
    return runPolicies(policiesOf(rules), declared, {
      settingsByPolicy: organizationDefaults,
      outputs: await settled(exports),
    });
  };

  for (const { title, rule, message, stack, change, before, plan } of variants) {
    it(`is found by ${rule} alone: ${title}`, async () => {
      checkout.change(change);
      const world = before ? await installed() : intact;
      if (before) await world.up("canary", checkout.program, { config: checkout.config("canary") });
      if (typeof before === "object") {
        const at = new Date(Date.now() - before.judged * hour - 1000).toISOString();
        world.writeRecord({ verdicts: { [world.runs("fop-gate-canary")]: { ...verdict("good"), at } } });
      }
      const environment = plan ? { GRAY_RENDERED: join(folder, "releases.json") } : {};
      if (plan) assert.deepEqual(await preview(world, "canary", environment), []);
      const found = await preview(world, stack, environment);
      if (before) await world.stop();
      assert.deepEqual([...new Set(found.map(({ policy }) => policy))], [rule], JSON.stringify(found, undefined, 2));
      const expected = message.replaceAll("{namespace}", world.namespace);
      assert.ok(
        found.some(({ message }) => message.includes(expected)),
        found.map(({ message }) => message).join("\n"),
      );
    });
  }

  it("is tested for every rule, in at least 40 files with different titles", () => {
    assert.ok(variants.length >= 40);
    assert.equal(new Set(variants.map(({ title }) => title)).size, variants.length);
    const caught = new Set(variants.map(({ rule }) => rule));
    assert.deepEqual(
      rules.map(({ name }) => name).filter((name) => !caught.has(name)),
      // The fake cluster knows every value, so only the examples of this rule test it.
      ["known-identity"],
    );
  });
});

/** A cluster in which fop-gate is installed correctly. */
async function installed(): Promise<World> {
  const checkout = new Checkout();
  const world = await World.start();
  world.installGateway();
  for (const stack of ["canary", "prod"] as const) {
    await world.up(stack, checkout.program, { config: checkout.config(stack) });
  }
  checkout.remove();
  return world;
}

async function settled(exports: object): Promise<Record<string, unknown>> {
  const { output } = await import("@pulumi/pulumi");
  return new Promise((resolve) => void output(exports).apply((values) => resolve(values as Record<string, unknown>)));
}
