import assert from "node:assert/strict";
import type { ServiceArgs } from "../../components/service-args.ts";
import { UserError } from "../../components/user-error.ts";
import { both, canary, image, prod } from "../fake/web.ts";
import { verdict, World } from "../fake/world.ts";

const noReadiness = "It polls a queue and listens on no port.";
const unprobed = (tag: string) => image(tag).map(({ readinessProbe: _, ...container }) => container);
const worker = (tag: string, changes: Partial<ServiceArgs> = {}): Partial<ServiceArgs> => ({
  ports: [],
  noReadiness,
  containers: unprobed(tag),
  ...changes,
});

describe("an up of a worker", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());

  const pods = (name: string) => world.deployment(name).spec.replicas;
  const install = async (changes: Partial<ServiceArgs> = {}) => {
    await world.up("canary", canary("a", worker("a", changes)));
    await world.up("prod", prod("a", worker("a", changes)));
    return world.runs("web");
  };
  /** An open rollout of a release, in the record; its driver has epoch 7. */
  const opened = (release: string, from: string, weight: number, runs: object) =>
    world.writeRecord({ epoch: 7, open: { epoch: 7, release, from, weight, runs } as never }, "web");
  const driver = { environment: { GRAY_EPOCH: "7" } };

  it("makes no Service, and gives canary its share of the pods", async () => {
    await install();
    assert.deepEqual(
      world.made().filter((each) => /services|ingresses|routes/.test(each)),
      [],
    );
    assert.deepEqual([pods("web-canary"), pods("web")], [1, 9]);
  });

  it("lets it stop at once, with no preStop", async () => {
    await install();
    const [container] = world.deployment("web").spec.template.spec.containers;
    assert.equal(container.lifecycle, undefined);
  });

  describe("whose program gets ports", () => {
    let a: string;
    beforeEach(async () => {
      a = await install();
      await world.up("canary", canary("b"));
    });
    const message = (track: string) =>
      `web ${track}: release ${a} is that of a worker, and its container web has no readinessProbe, so its pods would get requests before they can answer them: describe it again with a readinessProbe, or set release to another one.`;

    it("refuses to return to a release of the worker by its id, in both stacks", async () => {
      await assert.rejects(world.up("canary", canary("b", { release: a })), new UserError(message("canary")));
      world.writeRecord({ verdicts: { [world.runs("web-canary")]: verdict("good") } }, "web");
      // It still runs it.
      await world.up("prod", prod("b", { release: a }));
      await world.up("prod", prod("b"));
      await assert.rejects(world.up("prod", prod("b", { release: a })), new UserError(message("stable")));
    });

    it("lets the driver roll back to it", async () => {
      opened(world.runs("web-canary"), a, 0, { canary: a, stable: a });
      await world.up("canary", canary("b"), driver);
      assert.equal(world.runs("web-canary"), a);
    });
  });

  it("promotes a release only after a verdict, from one stack too", async () => {
    await world.up("test", both("a", worker("a")));
    const a = world.runs("web");
    const { warnings } = await world.up("test", both("b", worker("b")));
    const b = world.runs("web-canary");
    assert.notEqual(a, b);
    assert.equal(world.runs("web"), a);
    assert.match(warnings.join(), /it has not been judged good yet/);
    world.writeRecord({ verdicts: { [b]: verdict("good") } }, "web");
    await world.up("test", both("b", worker("b")));
    assert.equal(world.runs("web"), b);
  });

  it("takes canary's pods away at the weight 0 of an open rollout, and brings them back after it", async () => {
    const a = await install();
    await world.up("canary", canary("b", worker("b")));
    const b = world.runs("web-canary");
    opened(b, a, 0, { canary: a, stable: a });
    await world.up("canary", canary("b", worker("b")), driver);
    assert.deepEqual([pods("web-canary"), world.runs("web-canary")], [0, a]);
    world.writeRecord({ open: undefined, replacedBy: { [b]: a } }, "web");
    await world.up("canary", canary("b", worker("b")));
    assert.deepEqual([pods("web-canary"), world.runs("web-canary")], [1, a]);
  });

  it("brings canary's pods back that a cutoff took away without a record", async () => {
    await install();
    world.deployment("web-canary").spec.replicas = 0;
    await world.up("canary", canary("a", worker("a")));
    assert.equal(pods("web-canary"), 1);
  });

  it("leaves canary's number of pods to the driver of an open rollout", async () => {
    const a = await install();
    opened("bbbbbbbbbbbb", a, 0, { canary: a, stable: a });
    await assert.rejects(
      world.up("canary", canary("a", worker("a"))),
      /the weight and the number of canary pods stay as they are while the rollout of bbbbbbbbbbbb is open/,
    );
    assert.equal(pods("web-canary"), 1);
  });

  it("is refused on the first install while canary has no pod that runs the release", async () => {
    await world.up("canary", canary("a", worker("a")));
    world.deployment("web-canary").spec.replicas = 0;
    world.deployment("web-canary").status = { observedGeneration: 9, replicas: 0 };
    await assert.rejects(
      world.up("prod", prod("a", worker("a"))),
      /web-canary does not run it with all its pods available/,
    );
  });

  const exposed = () =>
    world.api.put(`/api/v1/namespaces/${world.namespace}/services/web`, {
      metadata: { name: "web", namespace: world.namespace },
      spec: { selector: { app: "web" } },
    });

  it("is refused on the first install beside a Service of its name", async () => {
    exposed();
    await assert.rejects(
      world.up("canary", canary("a", worker("a"))),
      /^UserError: Service web exists in namespace dora-apps, and ports of web is \[\]/,
    );
  });

  it("is refused for a service with ports, also after its Service was deleted", async () => {
    await world.up("canary", canary("a"));
    for (const deleted of ["web", "web-canary"]) {
      await assert.rejects(
        world.up("canary", canary("a", worker("a"))),
        /^UserError: web was installed in namespace dora-apps as a service with ports, .* choose another service name/,
      );
      world.api.objects.delete(`/api/v1/namespaces/${world.namespace}/services/${deleted}`);
    }
  });

  it("rolls back beside a Service that another creator gave its name, and warns of it", async () => {
    const a = await install();
    await world.up("canary", canary("b", worker("b")));
    const b = world.runs("web-canary");
    exposed();
    opened(b, a, 0, { canary: a, stable: a });
    const { warnings } = await world.up("canary", canary("b", worker("b")), driver);
    assert.deepEqual([pods("web-canary"), world.runs("web-canary")], [0, a]);
    assert.match(warnings.join(), /Service web in namespace dora-apps was not created by this program/);
    assert.deepEqual(world.api.objects.get(`/api/v1/namespaces/${world.namespace}/services/web`)?.spec.selector, {
      app: "web",
    });
  });

  it("is not refused for such a Service while a rollout is open and nothing of its own changes", async () => {
    const a = await install();
    exposed();
    opened("bbbbbbbbbbbb", a, 10, { canary: a, stable: a });
    const { warnings } = await world.up("canary", canary("a", worker("a")));
    assert.doesNotMatch(warnings.join(), /only its driver/);
  });
});
