import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { CanaryService } from "../../components/canary-service.ts";
import { setMocks } from "../../gate/mocks.ts";
import { openRollout } from "../../gate/open.ts";
import { setEnvironment } from "../fake/environment.ts";
import { web } from "../fake/web.ts";

const settled = <T>(output: pulumi.Output<T>) => new Promise<T>((known) => output.apply(known));

describe("a program under the mocks of gray-release/testing", () => {
  let restore: () => void;
  beforeEach(() => {
    // No kubeconfig is read.
    restore = setEnvironment({ KUBECONFIG: "/does/not/exist" });
  });
  afterEach(async () => {
    await pulumi.runtime.disconnect();
    restore();
  });

  it("makes the objects of a first install, which the mocks see, and has its outputs", async () => {
    const seen: string[] = [];
    const last = Promise.withResolvers<void>();
    await setMocks({
      newResource({ type, name }) {
        seen.push(`${type.split(":").at(-1)} ${name}`);
        if (name === "web-state") last.resolve();
        return { id: name, state: {} };
      },
    });
    const service = new CanaryService("web", web("a", { ingress: { host: "web.example.com" } }));
    const [id, canary] = await Promise.all([settled(service.stableRelease), settled(service.canaryRelease)]);
    assert.match(id ?? "", /^[0-9a-f]{12}$/);
    assert.equal(canary, id);
    assert.equal(await settled(service.url), "http://web.example.com");
    await last.promise;
    for (const object of ["Deployment web", "Deployment web-canary", "Service web", "Ingress web"]) {
      assert.ok(seen.includes(object), object);
    }
  });

  it("answers with what the mocks give, and needs none", async () => {
    await setMocks({ newResource: ({ name }) => ({ id: name, state: { result: "given" } }) }, "shop", "canary", true);
    assert.equal(pulumi.getStack(), "canary");
    const { token } = new CanaryService("web", web("a", { tracks: ["canary"] }));
    assert.equal(await settled(token as pulumi.Output<string>), "given");
    await pulumi.runtime.disconnect();
    await setMocks();
    const other = new CanaryService("web", web("a", { tracks: ["canary"] }));
    assert.equal(await settled(other.token as pulumi.Output<string>), "web-token");
  });

  it("gives versioned Secrets the same names in each run", async () => {
    const names: string[][] = [[], []];
    for (const found of names) {
      const last = Promise.withResolvers<void>();
      await setMocks({
        newResource({ type, name, inputs }) {
          if (type === "kubernetes:core/v1:Secret") found.push(inputs.metadata.name);
          if (name === "web-state") last.resolve();
          return { id: name, state: {} };
        },
      });
      const volumes = [{ name: "db", secret: { secretName: "db" } }];
      const secrets = { db: { mode: "versioned", data: { password: pulumi.secret("x") } } } as const;
      new CanaryService("web", web("a", { volumes, secrets }));
      await last.promise;
      await pulumi.runtime.disconnect();
    }
    assert.match(names[0]?.join() ?? "", /^web-db-[0-9a-f]{10}$/);
    assert.deepEqual(names[0], names[1]);
  });

  it("lets a resource of the program have hooks", async () => {
    await setMocks();
    const hook = new pulumi.ResourceHook("seen", () => {});
    const stash = new pulumi.Stash("mine", { input: "x" }, { hooks: { afterCreate: [hook] } });
    assert.equal(await settled(stash.output), "x");
  });

  it("refuses wrong arguments as an up does", async () => {
    await setMocks();
    assert.throws(
      () => new CanaryService("web", web("a", { ports: [{ port: 0 }] })),
      /^UserError: web: ports.0.port is/,
    );
  });

  it("says first, and in one sentence, that an Output is given where a constant is needed", async () => {
    const seen: string[] = [];
    await setMocks({
      newResource({ name }) {
        seen.push(name);
        return { id: name, state: {} };
      },
    });
    const output = pulumi.output("dora-apps");
    for (const [given, where] of [
      [web("a", { namespace: output as never }), "namespace"],
      [web("a", { namespace: `${output}` }), "namespace"],
      [pulumi.output(web("a")) as never, "the whole of its arguments"],
    ] as const) {
      const sentence = new RegExp(`^UserError: web: ${where} is an Output, [^.]*\\.$`);
      assert.throws(() => new CanaryService("web", given), sentence);
      await assert.rejects(openRollout("web", given), sentence);
    }
    assert.deepEqual(seen, []);
  });
});
