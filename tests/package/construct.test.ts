import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../../components/user-error.ts";
import { componentType, construct } from "../../package/construct.ts";
import { web } from "../fake/web.ts";
import { World } from "../fake/world.ts";

const { unknown } = pulumi as unknown as { unknown: unknown };

describe("construct", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());

  const program =
    (inputs: pulumi.Inputs, opts: pulumi.ComponentResourceOptions = {}, names: readonly string[] = ["web"]) =>
    async () => {
      await Promise.all(names.map((name) => construct(name, componentType, inputs, opts)));
      return {};
    };

  it("deploys a service as the component of a TypeScript program does, and answers with its outputs", async () => {
    let state: pulumi.Inputs = {};
    await world.up("test", async () => {
      const made = await construct("web", componentType, { ...web("a") }, {});
      state = made.state;
      assert.match(
        await new Promise<string>((known) => pulumi.output(made.urn).apply(known)),
        /::gray-release:index:CanaryService::web$/,
      );
      return {};
    });
    assert.ok(world.runs("web"));
    assert.equal(world.runs("web"), world.runs("web-canary"));
    const outputs = [state.serviceName, state.url, state.stableRelease] as pulumi.Output<string>[];
    assert.deepEqual(await Promise.all(outputs.map((each) => new Promise((known) => each.apply(known)))), [
      "web",
      "http://web.dora-apps.svc",
      world.runs("web"),
    ]);
    assert.ok("token" in state);
  });

  it("answers with a refusal, and registers no object", async () => {
    await world.up("test", program({ ...web("a") }));
    world.writeRecord({ open: { epoch: 1, release: world.runs("web"), weight: 10 } }, "web");
    const held = JSON.stringify([...world.api.objects]);
    await assert.rejects(world.up("test", program({ ...web("b") })), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /refused while the rollout of/);
      return true;
    });
    assert.equal(JSON.stringify([...world.api.objects]), held);
  });

  it("changes nothing in an up that does not know an argument", async () => {
    await world.up("test", program({ ...web("a") }));
    const held = JSON.stringify([...world.api.objects]);
    await assert.rejects(
      world.up("test", program({ ...web("a"), namespace: pulumi.output(unknown) })),
      /^UserError: web: an argument is not known in this up, .*: run pulumi up without such an option\.$/,
    );
    assert.equal(JSON.stringify([...world.api.objects]), held);
  });

  it("serves several services at once, which share the provider of their deployment", async () => {
    const { resources } = await world.up("test", program({ ...web("a") }, {}, ["web", "shop"]));
    assert.deepEqual(
      resources.filter(({ type }) => type === "pulumi:providers:kubernetes").map(({ name }) => name),
      ["cluster"],
    );
    assert.ok(world.runs("web") && world.runs("shop"));
  });

  it("shows a component without objects in a preview that does not know an argument yet", async () => {
    const { resources, warnings } = await world.up(
      "test",
      program({ ...web("a"), namespace: pulumi.output(unknown) }),
      {
        preview: true,
      },
    );
    assert.deepEqual(
      resources.map(({ type }) => type),
      [componentType],
    );
    assert.match(warnings.join(), /not known before pulumi up/);
  });

  it("knows no other resource", async () => {
    await assert.rejects(
      construct("web", "gray-release:index:Other", {}, {}),
      /has no resource gray-release:index:Other/,
    );
  });
});
