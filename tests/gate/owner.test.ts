import assert from "node:assert/strict";
import type { StackState } from "../../components/history.ts";
import { objectsOf } from "../../components/objects.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { objectPath } from "../../kubernetes/resources.ts";
import type { ApiObject } from "../fake/api-server.ts";
import { twoStacks } from "../fake/two-stacks.ts";
import { both, canary, prod, web } from "../fake/web.ts";
import { World } from "../fake/world.ts";

const id = "gray-release/owner";
const gateways = [{ name: "public", namespace: "infra" }];
/** A service with an object of every kind. */
const whole: Partial<ServiceArgs> = {
  ingress: { host: "web.example.com" },
  debugIngress: { host: "debug.web.example.com" },
  gateway: {
    routes: [
      { name: "web", gateways },
      { name: "web-inside", gateways },
    ],
  },
  plan: {},
};

describe("an object of a service", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
    world.installGateway();
  });
  afterEach(() => world.stop());
  const { install } = twoStacks(() => world);

  const owner = (stack: string) => world.stashes.get(`${stack} web-owner`)?.output;
  /** The objects that stacks have created, by path. */
  const made = () =>
    [...world.api.objects].filter(([, { metadata }]) => metadata.annotations?.["pulumi.com/patchForce"] === "true");
  const held = () => JSON.stringify([...world.api.objects]);
  /** Asserts that an up is refused with this sentence, and changes nothing in the cluster. */
  const refused = async (up: () => Promise<unknown>, sentence: RegExp) => {
    const before = held();
    await assert.rejects(up(), sentence);
    assert.ok(held() === before);
  };
  /** Empties the stack, like one of the same name in another backend. */
  const otherBackend = () => {
    world.outputs.clear();
    world.stashes.clear();
  };
  const annotationsOf = (object: ApiObject) => {
    object.metadata.annotations ??= {};
    return object.metadata.annotations;
  };
  /** Removes all owner ids, as in objects of a version without them. */
  const forgetOwners = () => {
    for (const [, object] of made()) {
      delete annotationsOf(object)[id];
      delete annotationsOf(object)["pulumi.com/patchForce"];
    }
    world.becomeOlder("web");
    for (const { releases } of world.outputs.values() as Iterable<{ releases: Record<string, { owner?: string }> }>) {
      for (const stackState of Object.values(releases)) delete stackState.owner;
    }
    world.stashes.clear();
  };

  for (const [stacks, args] of [
    ["one stack with everything", { both: whole }],
    ["one stack with the least", { both: {} }],
    ["two stacks", { canary: { ...whole, tracks: ["canary"] }, prod: { ...whole, tracks: ["stable"] } }],
  ] as const satisfies readonly [string, Record<string, Partial<ServiceArgs>>][]) {
    it(`has the owner id of the stack that created it, which is in the stack's state: ${stacks}`, async () => {
      for (const [stack, changes] of Object.entries<Partial<ServiceArgs>>(args)) {
        const before = new Set(world.api.objects.keys());
        const { resources } = await world.up(stack, both("a", changes));
        const registered = resources.filter(({ type }) => type.startsWith("kubernetes:"));
        const ours = made().filter(([path]) => !before.has(path));
        assert.equal(ours.length, registered.length);
        for (const [path, object] of ours) assert.equal(object.metadata.annotations?.[id], owner(stack), path);
        const configMaps = registered.filter(({ type, name }) => type.endsWith(":ConfigMap") && name !== "web-plan");
        const known = objectsOf(
          "web",
          web("a", changes),
          configMaps.map(({ name }) => name),
        );
        const paths = known.map(({ kind, name }) => objectPath(kind, "dora-apps", name));
        assert.deepEqual(paths.sort(), ours.map(([path]) => path).sort());
      }
      assert.equal(new Set(Object.keys(args).map(owner)).size, Object.keys(args).length);
    });
  }

  it("keeps its owner id, and is not changed by an up without a change", async () => {
    await world.up("test", both("a", whole));
    const versions = () => made().map(([path, { metadata }]) => [path, metadata.generation]);
    const [first, before] = [owner("test"), versions()];
    await world.up("test", both("a", whole));
    assert.deepEqual([owner("test"), versions()], [first, before]);
    assert.equal(world.stackState("test", "web").owner, owner("test"));
  });

  it("is accepted by the stack whose first up was killed after it was created", async () => {
    world.api.intercept = ({ path }) =>
      path.endsWith("/deployments/web") && world.api.objects.has(path) ? { status: 500, body: {} } : undefined;
    await assert.rejects(world.up("test", both("a", whole)));
    world.api.intercept = () => undefined;
    assert.ok(!world.outputs.has("test"));
    assert.ok(made().length > 5);
    await world.up("test", both("a", whole));
    assert.equal(world.stackState("test", "web").owner, owner("test"));
  });

  it("is refused to a stack of the same name in another backend, even before stable's first run", async () => {
    await world.up("canary", canary("a"));
    const its = owner("canary");
    otherBackend();
    await refused(
      () => world.up("canary", canary("a")),
      /^UserError: Deployment web-canary in namespace dora-apps, of stack organization-\d+\/gray-release\/canary, has the owner id \w+ and stack organization-\d+\/gray-release\/canary in this Pulumi backend has the owner id \w+, so another state manages it: use the backend whose state made it \(pulumi login\), or, if that state is lost, take the objects over with GRAY_BREAK_GLASS="<reason>" pulumi up\.$/,
    );
    assert.notEqual(owner("canary"), its);
  });

  it("is refused to an empty stack of stable beside a filled one of canary", async () => {
    await install();
    world.outputs.delete("prod");
    world.stashes.delete("prod web-owner");
    await refused(
      () => world.up("prod", prod("a")),
      /^UserError: Deployment web in namespace dora-apps.* has the owner id/,
    );
    await refused(
      () => world.up("prod", prod("a"), { preview: true }),
      /^UserError: Deployment web in namespace dora-apps.* has the owner id/,
    );
  });

  it("is taken over with a break-glass override and a warning, and belongs to the new stack from then on", async () => {
    await world.up("test", both("a", whole));
    otherBackend();
    const environment = { GRAY_BREAK_GLASS: "the disk is gone" };
    const { warnings } = await world.up("test", both("a", whole), { environment });
    const taken = warnings.filter((each) => each.endsWith("it is taken over because: the disk is gone."));
    assert.equal(taken.length, made().length);
    for (const [path, object] of made()) assert.equal(object.metadata.annotations?.[id], owner("test"), path);
    const next = await world.up("test", both("a", whole));
    assert.deepEqual(next.warnings.join().match(/taken over/), null);
  });

  describe("of a version without owner ids", () => {
    it("still belongs to its stack, and gets the owner id without a new pod", async () => {
      await world.up("canary", canary("a", whole));
      await world.up("prod", prod("a", whole));
      const templates = () =>
        ["web", "web-canary"].map((name) => JSON.stringify([world.deployment(name).spec, world.runs(name)]));
      const before = templates();
      forgetOwners();
      await world.up("canary", canary("a", whole));
      await world.up("prod", prod("a", whole));
      assert.deepEqual(templates(), before);
      for (const [path, object] of made())
        assert.match(object.metadata.annotations?.[id] ?? "", /^[0-9a-f]{16}$/, path);
      assert.equal(world.stackState("canary", "web").owner, owner("canary"));
      assert.equal(world.stackState("prod", "web").owner, owner("prod"));
    });

    it("is refused once the stack has given every object an owner id", async () => {
      await world.up("canary", canary("a"));
      delete annotationsOf(world.deployment("web-canary"))[id];
      await refused(
        () => world.up("canary", canary("a")),
        /^UserError: Deployment web-canary in namespace dora-apps, of stack .*, has no owner id and .*: put it back with kubectl annotate Deployment web-canary -n dora-apps gray-release\/owner=[0-9a-f]{16}\.$/,
      );
    });

    it("is refused to a stack without state of it", async () => {
      await world.up("canary", canary("a"));
      forgetOwners();
      otherBackend();
      await refused(
        () => world.up("canary", canary("b")),
        /^UserError: Deployment web-canary .* has no owner id and .*, so another state manages it: use the backend/,
      );
    });
  });

  describe("with the name of one of ours that the program did not create", () => {
    const foreign = { app: "web" };
    for (const { kind, name } of objectsOf("web", web("a", whole), [])) {
      if (kind === "Deployment") continue;
      it(`is refused by name: ${kind} ${name}`, async () => {
        const object = { metadata: { name, labels: foreign }, spec: { theirs: true } };
        world.api.put(objectPath(kind, "dora-apps", name), object);
        await refused(
          () => world.up("test", both("a", whole)),
          new RegExp(`^UserError: (web: )?${kind} ${name} in namespace dora-apps was not created by this program: `),
        );
        const environment = { GRAY_BREAK_GLASS: "offline" };
        await refused(() => world.up("test", both("a", whole), { environment }), /was not created by this program/);
      });
    }

    it("is refused by name: a ConfigMap of a release", async () => {
      await world.up("test", both("a"));
      const [[path = "", config] = []] = [...world.api.objects].filter(([each]) =>
        /configmaps\/web-config-/.test(each),
      );
      const other = await World.start();
      try {
        other.api.put(path, { metadata: { name: config?.metadata.name ?? "", labels: foreign }, data: {} });
        await assert.rejects(
          other.up("test", both("a")),
          /^UserError: ConfigMap web-config-\w+ in namespace dora-apps was not created by this program/,
        );
      } finally {
        await other.stop();
      }
    });
  });

  it("of another service is refused", async () => {
    world.api.put(world.routePath("web-inside"), {
      metadata: { name: "web-inside", labels: { "gray-release/service": "web-in" } },
      spec: {},
    });
    await refused(() => world.up("test", both("a", whole)), /HTTPRoute web-inside .* belongs to the service web-in/);
  });

  it("of a foreign owner is refused to gray adopt too", async () => {
    const stackState: Pick<StackState, "owner"> = { owner: "feedfeedfeedfeed" };
    await world.up("test", both("a", { replicas: 3, weight: 25 }));
    for (const [, object] of made()) annotationsOf(object)[id] = stackState.owner ?? "";
    const environment = { GRAY_ADOPT: "dora-apps/web" };
    await refused(() => world.up("test", both("a", { replicas: 3, weight: 25 }), { environment }), /feedfeedfeedfeed/);
  });

  it("is created after the resource that holds the owner id, and deleted before it", async () => {
    const { resources } = await world.up("test", both("a", whole));
    const [component] = resources.filter(({ type }) => type.endsWith(":CanaryService"));
    assert.deepEqual(component?.dependsOn, ["web-owner"]);
    for (const { parent, type } of resources.filter(({ type }) => type.startsWith("kubernetes:"))) {
      assert.equal(parent, "web", type);
    }
  });

  it("is also checked in a run without the resource that holds the owner id, such as a refresh that runs the program", async () => {
    world.stashes.set("test web-owner", { input: undefined, output: undefined });
    await world.up("test", both("a"));
    world.stashes.set("test web-owner", { input: undefined, output: undefined });
    await refused(() => world.up("test", both("a")), /^UserError: Deployment web.* has the owner id/);
  });
});
