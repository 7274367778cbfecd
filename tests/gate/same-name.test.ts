import assert from "node:assert/strict";
import { CanaryService } from "../../components/canary-service.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { UserError } from "../../components/user-error.ts";
import { openRollout } from "../../gate/open.ts";
import { program, web } from "../fake/web.ts";
import { World } from "../fake/world.ts";

describe("services of one name in two namespaces of a program", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
    world.api.put("/api/v1/namespaces/other", { metadata: { name: "other", uid: "other-uid" } });
  });
  afterEach(() => world.stop());

  const all: Partial<ServiceArgs> = {
    ingress: { host: "a.example.com" },
    debugIngress: { host: "b.example.com" },
    plan: {},
  };
  const first: [string, ServiceArgs] = ["web", web("a", all)];
  const second = (tag = "a"): [string, ServiceArgs] => ["blue", web(tag, { ...all, name: "web", namespace: "other" })];
  const names = (resources: readonly { type: string; name: string; parent: string }[], parent: string) =>
    resources
      .filter((each) => each.parent === parent)
      .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)
      .sort();

  it("have resources of different names, and objects of the same name", async () => {
    const alone = await world.up("test", program(first));
    const { resources } = await world.up("test", program(first, second()));
    assert.deepEqual(names(resources, "web"), names(alone.resources, "web"));
    assert.deepEqual(
      names(resources, "blue"),
      names(alone.resources, "web")
        .map((each) =>
          each
            .replace(/^(?!Stash).* web/, (at) => at.replace(/ web$/, " blue"))
            .replace("Stash web", "Stash other/web"),
        )
        .sort(),
    );
    const objects = (namespace: string) =>
      resources
        .filter(({ inputs }) => inputs.metadata?.namespace === namespace)
        .map(({ type, inputs }) => `${type} ${inputs.metadata.name}`)
        .sort();
    assert.deepEqual(objects("other"), objects("dora-apps"));
    const { inputs } = resources.find(({ type, name }) => type.endsWith(":Deployment") && name === "blue-canary") ?? {};
    assert.deepEqual(inputs?.spec.selector, { matchLabels: { app: "web", track: "canary" } });
    assert.equal(inputs?.metadata.labels["gray-release/service"], "web");
  });

  it("have their own owner ids, and go on by them", async () => {
    await world.up("test", program(first, second()));
    const [one, other] = ["web", "blue"].map((name) => world.stashes.get(`test ${name}-owner`)?.output);
    assert.ok(typeof one === "string" && typeof other === "string" && one !== other);
    await world.up("test", program(first, second("b")));
    const canary = world.api.objects.get("/apis/apps/v1/namespaces/other/deployments/web-canary");
    assert.equal(canary?.spec.template.spec.containers[0].image, "web:b");
  });

  it("have their own keys and addresses", async () => {
    const found: unknown[] = [];
    await world.up("test", async () => {
      const made = [first, second()].map(([name, args]) => new CanaryService(name, args));
      for (const one of made) {
        one.url.apply((url) => found.push(url));
        one.serviceName.apply((name) => found.push(name));
      }
      return {};
    });
    assert.deepEqual(found.sort(), ["http://a.example.com", "http://a.example.com", "web", "web"]);
    const states = [...world.stashes].map(([name, { input }]) => [name, (input as { namespace?: string }).namespace]);
    assert.deepEqual(states.filter(([name]) => name?.endsWith("-state")).sort(), [
      ["test other/web-state", "other"],
      ["test web-state", "dora-apps"],
    ]);
  });

  it("are refused if they are one service, described twice", async () => {
    await assert.rejects(
      world.up("test", program(first, ["blue", web("a", { name: "web" })])),
      new UserError(
        "CanaryService blue and CanaryService web both describe the service dora-apps/web: give one of them another name or namespace.",
      ),
    );
  });

  it("do not take each other's rollout", async () => {
    const attempt = world.up("test", async () => {
      const [name, args] = second();
      const rollout = await openRollout(name, args);
      new CanaryService("green", { ...args, rollout });
      return {};
    });
    await assert.rejects(
      attempt,
      /^UserError: CanaryService green in namespace other was given the rollout of other\/web, opened as blue: pass the result of openRollout\("green", args\)\.$/,
    );
  });

  it("need a name that Kubernetes takes, whatever the name of the resource", async () => {
    await assert.rejects(
      world.up("test", program(["Blue Web", web("a", { name: "Web" })])),
      /The service name "Web" is not a DNS label/,
    );
    await world.up("test", program(["Blue Web", web("a", { name: "web" })]));
    assert.ok(world.runs("web"));
  });
});
