import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findService } from "../../cli/services.ts";
import { setEnvironment } from "../fake/environment.ts";
import { type Shell, stashOf } from "../fake/gray.ts";
import type { World } from "../fake/world.ts";
import { trial } from "./trial.ts";

describe("the service of a command", () => {
  const home = process.cwd();
  let world: World;
  let shell: Shell;
  let restore: () => void;
  let end: () => Promise<void>;
  beforeEach(async () => {
    ({ world, shell, end } = await trial());
    shell.stacks({});
    restore = setEnvironment({
      KUBECONFIG: join(shell.folder, "kubeconfig"),
      PATH: `${shell.folder}${delimiter}${process.env.PATH}`,
    });
  });
  afterEach(async () => {
    restore();
    process.chdir(home);
    await end();
  });

  const shopOf = (project: string) =>
    world.api.put("/apis/apps/v1/namespaces/other/deployments/shop", {
      metadata: {
        name: "shop",
        namespace: "other",
        labels: { "gray-release/service": "shop", track: "stable" },
        annotations: { "gray-release/stack": `organization/${project}/prod` },
      },
      spec: { replicas: 1, template: { metadata: { labels: { release: "0123456789ab" } }, spec: {} } },
    });
  const found = async (...[options]: Parameters<typeof findService>) => {
    const { namespace, service } = await findService(options);
    return `${namespace}/${service}`;
  };

  it("must be chosen if the project has several, by its name or its namespace", async () => {
    shopOf("gray-release");
    await assert.rejects(found({}), /^UserError: There are several services \(.*\): choose one/);
    assert.equal(await found({ service: "web" }), "dora-apps/web");
    assert.equal(await found({ namespace: "dora-apps" }), "dora-apps/web");
  });

  describe("in one of two environments of a project, which have the same cluster", () => {
    const stateOf = (namespace: string, cluster = "cluster-uid") => [stashOf("shop", { namespace, cluster })];
    beforeEach(() => shopOf("gray-release"));

    it("is the one that the stacks of the folder have", async () => {
      shell.stacks({ canary: [], prod: stateOf("other") });
      assert.equal(await found({}), "other/shop");
    });

    it("must be chosen if they have several or none, have it on another cluster, or cannot be read", async () => {
      const several = /^UserError: There are several services \(dora-apps\/web, other\/shop\): choose one/;
      const web = [stashOf("web", { namespace: "dora-apps", cluster: "cluster-uid" })];
      for (const prod of [[...stateOf("other"), ...web], stateOf("elsewhere"), stateOf("other", "another")]) {
        shell.stacks({ prod });
        await assert.rejects(found({}), several);
      }
      shell.failsToRead("prod", "error: the backend does not answer");
      await assert.rejects(found({}), several);
    });
  });

  it("is one of the project of the current folder, unless another is chosen", async () => {
    shopOf("shop");
    assert.equal(await found({}), "dora-apps/web");
    assert.equal(await found({ service: "shop" }), "other/shop");
  });

  it("may be one of any project outside of a project folder", async () => {
    shopOf("shop");
    process.chdir(tmpdir());
    await assert.rejects(found({}), /There are several services \(dora-apps\/web, other\/shop\): choose one/);
  });

  it("is one of another project only if it is chosen", async () => {
    shopOf("shop");
    for (const name of ["web", "web-canary"]) {
      world.deployment(name).metadata.annotations = { "gray-release/stack": "organization/web/prod" };
    }
    await assert.rejects(
      found({}),
      /^UserError: The cluster has no service of the Pulumi project gray-release of this folder, only dora-apps\/web of web, other\/shop of shop: install it with pulumi up of each stack, first of the one that owns canary, or choose another/,
    );
  });

  it("is searched in the given namespace", async () => {
    await assert.rejects(found({ namespace: "empty" }), /There is no service under gray release in namespace empty/);
  });
});
