import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import * as pulumi from "@pulumi/pulumi";
import { CanaryService } from "../../components/canary-service.ts";
import { openRollout } from "../../gate/open.ts";
import { componentsMade } from "../fake/engine.ts";
import { web } from "../fake/web.ts";
import { World } from "../fake/world.ts";

/** A component that makes an object only after a while, as its child. */
class Platform extends pulumi.ComponentResource {
  constructor() {
    super("test:index:Platform", "platform");
    const name = pulumi.output(setTimeout(100, "platform"));
    new ConfigMap("platform", { metadata: { name, namespace: "dora-apps" } }, { parent: this });
  }
}

describe("dependsOn of a service", () => {
  let world: World;
  const namespace = "/api/v1/namespaces/dora-apps";
  const isMade = () => world.api.objects.has(`${namespace}/configmaps/platform`);
  /** Whether the object was there at each request about the service. */
  let seen: boolean[];
  beforeEach(async () => {
    world = await World.start();
    seen = [];
    world.api.intercept = ({ path }) => {
      if (path.startsWith(`${namespace}/`)) seen.push(isMade());
      return undefined;
    };
  });
  afterEach(() => world.stop());

  const up = (program: () => unknown, preview = false) =>
    world.up(
      "test",
      async () => {
        await program();
        await componentsMade();
        return {};
      },
      { preview },
    );
  it("is awaited before anything of the service is read, with the children of a component", async () => {
    await up(() => new CanaryService("web", web("a"), { dependsOn: new Platform() }));
    assert.ok(seen.length > 0);
    assert.ok(!seen.includes(false));
  });

  it("is awaited by openRollout, also as a list of promises", async () => {
    await up(() => openRollout("web", web("a"), { dependsOn: [Promise.resolve(new Platform())] }));
    assert.ok(seen.length > 0);
    assert.ok(!seen.includes(false));
  });

  it("ends the run with the error of an Output that fails", async () => {
    const dependsOn = pulumi.output(Promise.reject(new Error("the platform is broken"))) as pulumi.Output<never>;
    const failed = up(() => openRollout("web", web("a"), { dependsOn }));
    await assert.rejects(Promise.race([failed, setTimeout(4000, "it hangs")]), /the platform is broken/);
  });

  it("may make the namespace: a preview before that shows a first install, and says so", async () => {
    world.api.objects.delete(namespace);
    const { resources, warnings } = await up(
      () => new CanaryService("web", web("a"), { dependsOn: new Platform() }),
      true,
    );
    assert.ok(resources.some(({ type, name }) => type.endsWith(":Deployment") && name === "web"));
    assert.match(
      warnings.join("\n"),
      /web: namespace dora-apps does not exist yet, so this preview shows a first install/,
    );
    await assert.rejects(
      up(() => openRollout("web", web("a")), true),
      /Namespace dora-apps does not exist/,
    );
    await assert.rejects(
      up(() => openRollout("web", web("a"), { dependsOn: new Platform() })),
      /Namespace dora-apps does not exist/,
    );
  });

  it("does not hold a preview, in which it may not exist yet", async () => {
    const { resources } = await up(() => new CanaryService("web", web("a"), { dependsOn: new Platform() }), true);
    assert.ok(seen.length > 0);
    assert.ok(resources.some(({ type }) => type.endsWith(":CanaryService")));
  });
});
