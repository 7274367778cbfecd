import assert from "node:assert/strict";
import { twoStacks } from "../fake/two-stacks.ts";
import { canary, prod } from "../fake/web.ts";
import { verdict, World } from "../fake/world.ts";

const path = (name: string) => `/api/v1/namespaces/dora-apps/serviceaccounts/${name}`;

describe("the ServiceAccount of a release", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  const { now } = twoStacks(() => world);
  const accounts = () => [...world.api.objects.keys()].filter((each) => each.includes("/serviceaccounts/"));
  const withAccount = { serviceAccount: { annotations: { role: "a" } } };

  it("stays while a release in the history needs it, and goes with the last one", async () => {
    await world.up("canary", canary("a", withAccount));
    await world.up("prod", prod("a", withAccount));
    assert.deepEqual(accounts(), [path("web")]);
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.deepEqual(accounts(), [path("web")], "stable runs it");
    const accountOf = (deployment: string) => world.deployment(deployment).spec.template.spec.serviceAccountName;
    assert.deepEqual([accountOf("web"), accountOf("web-canary")], ["web", undefined]);
    world.writeRecord({ verdicts: { [now()]: verdict("good") } }, "web");
    await world.up("prod", prod("b"));
    await world.up("canary", canary("c", { releaseHistoryLimit: 1 }));
    assert.deepEqual(accounts(), [path("web")], "stable ran it before");
    world.writeRecord({ verdicts: { [now()]: verdict("good") } }, "web");
    await world.up("prod", prod("c"));
    await world.up("canary", canary("d", { releaseHistoryLimit: 1 }));
    assert.deepEqual(accounts(), []);
  });

  it("stays while live pods run under it, although their release is lost", async () => {
    await world.up("canary", canary("a", withAccount));
    await world.up("prod", prod("a", withAccount));
    world.api.objects.delete(`/api/v1/namespaces/dora-apps/configmaps/web-release-${now()}`);
    world.forgetCopies("canary", "web");
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.deepEqual(accounts(), [path("web")]);
  });

  it("is not taken from another creator, neither by name nor by an earlier release", async () => {
    world.api.put(path("web"), { metadata: { name: "web" } });
    await assert.rejects(
      world.up("canary", canary("a", withAccount)),
      /^UserError: ServiceAccount web in namespace dora-apps was not created by this program: use it by pod\.serviceAccountName in place of serviceAccount, choose another service name, or remove that ServiceAccount yourself/,
    );
    await world.up("canary", canary("a", { pod: { serviceAccountName: "web" } }));
    await world.up("canary", canary("b"));
    assert.deepEqual(world.api.objects.get(path("web"))?.metadata.labels, undefined);
  });

  it("need not be readable for a release that names one of another creator", async () => {
    await world.up("canary", canary("a", { pod: { serviceAccountName: "shop" } }));
    world.api.intercept = (request) =>
      request.path === path("shop") ? { status: 403, body: { kind: "Status", message: "forbidden" } } : undefined;
    await world.up("canary", canary("b"));
    assert.deepEqual(accounts(), []);
  });
});
