import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../components/user-error.ts";
import { type ExpectedFailure, provoke, type Stage } from "./expected-failures/case.ts";
import type { ApiObject } from "./fake/api-server.ts";
import { Checkout } from "./fake/checkout.ts";
import { World } from "./fake/world.ts";

const folder = join(import.meta.dirname, "expected-failures");
const cases: ExpectedFailure[] = await Promise.all(
  readdirSync(folder)
    .filter((name) => name.endsWith(".ts") && name !== "case.ts" && name !== "behind-gateway.ts")
    .map(async (name) => (await import(join(folder, name))).default),
);

describe("bad input", () => {
  let world: World;
  let checkout: Checkout;
  before(() => {
    checkout = new Checkout();
  });
  after(() => checkout.remove());
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(async () => {
    checkout.restore();
    await world.stop();
  });

  /** A checkout and a cluster in memory. It saves the state of the cluster before each `up`. */
  const stage = (): Stage & { held: string } => ({
    namespace: world.namespace,
    held: "",
    change: (change) => checkout.change(change),
    async apply(object) {
      const { metadata, apiVersion, kind } = object as ApiObject & { apiVersion: string; kind: string };
      const collection = `${kind.toLowerCase()}s`;
      world.api.put(
        `/apis/${apiVersion}/namespaces/${metadata.namespace}/${collection}/${metadata.name}`,
        object as ApiObject,
      );
    },
    async up(stack, environment) {
      this.held = JSON.stringify([...world.api.objects]);
      try {
        await world.up(stack, checkout.program, { config: checkout.config(stack), environment });
        return { failed: false, output: "" };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return { failed: true, output: error.message };
      }
    },
    release: async () => world.stackState("canary").current.canary ?? "",
  });

  for (const failure of cases) {
    it(`ends with one sentence and changes nothing: ${failure.title}`, async () => {
      if (failure.needs === "Gateway API") world.installGateway();
      const played = stage();
      const { failed, output, sentence } = await provoke(failure, played);
      assert.ok(failed, "it succeeded");
      assert.match(output, sentence);
      assert.equal(JSON.stringify([...world.api.objects]), played.held, "the cluster was changed");
    });
  }

  it("is covered by every file of its folder", () => {
    assert.ok(cases.length >= 31);
    for (const failure of cases) assert.ok(failure?.title && failure.sentence.endsWith("."));
    assert.equal(new Set(cases.map(({ title }) => title)).size, cases.length);
  });
});
