import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { constantArgs } from "../../package/constant-args.ts";
import { run } from "../fake/engine.ts";
import { web } from "../fake/web.ts";

const { unknown } = pulumi as unknown as { unknown: unknown };

describe("the arguments from another language", () => {
  const constants = async (inputs: pulumi.Inputs, preview = false) => {
    let found: unknown;
    const { warnings } = await run(
      async () => {
        found = await constantArgs("web", inputs);
      },
      { preview },
    );
    return { found, warnings };
  };

  it("are the constants that they are", async () => {
    assert.deepEqual((await constants({ ...web("a") })).found, web("a"));
  });

  it("are known values of other resources, at any depth, without the fields that are null", async () => {
    const given = {
      namespace: pulumi.output("shop"),
      containers: [{ name: "web", env: [pulumi.output({ name: "A", value: pulumi.output("1") })], command: null }],
      weight: null,
    };
    const args = { namespace: "shop", containers: [{ name: "web", env: [{ name: "A", value: "1" }] }] };
    assert.deepEqual((await constants(given)).found, args);
  });

  it("keep assets, which openRollout reads", async () => {
    const asset = new pulumi.asset.StringAsset("level = info\n");
    const { found } = await constants({ configFiles: { config: { files: { "a.conf": asset } } } });
    assert.equal(
      (found as { configFiles: { config: { files: object } } }).configFiles.config.files["a.conf" as never],
      asset,
    );
  });

  it("are not known yet in a preview that does not know one of them, which says so", async () => {
    const { found, warnings } = await constants({ namespace: pulumi.output(unknown) }, true);
    assert.equal(found, undefined);
    assert.match(warnings.join(), /^web: an argument is not known before pulumi up/);
  });

  it("are refused if one is a secret, apart from the access to the cluster", async () => {
    const secret = { containers: [{ env: [{ name: "PASSWORD", value: pulumi.secret("s3cret") }] }] };
    await assert.rejects(constants(secret), (error: Error) => {
      assert.match(
        error.message,
        /^web: containers\.0\.env\.0\.value is a secret, and a release is stored as plain text/,
      );
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    });
    const access = { access: { kubeconfig: pulumi.secret("{}") } };
    assert.deepEqual((await constants(access)).found, { access: { kubeconfig: "{}" } });
    assert.deepEqual((await constants({ access: pulumi.secret({ kubeconfig: "{}" }) })).found, {
      access: { kubeconfig: "{}" },
    });
  });

  it("are not known yet if all Secrets or one of them as a whole are not, also as the output of a resource", async () => {
    for (const secrets of [
      pulumi.output(unknown),
      { db: pulumi.output(unknown) },
      pulumi.secret(pulumi.output(unknown)),
    ]) {
      const { found, warnings } = await constants({ namespace: "shop", secrets }, true);
      assert.equal(found, undefined);
      assert.match(warnings.join(), /^web: an argument is not known before pulumi up/);
    }
  });

  const values = (output: unknown) => (output as { promise(withUnknowns: boolean): Promise<unknown> }).promise(true);

  for (const [what, secrets] of [
    ["a value", { db: { mode: "shared", data: { password: pulumi.secret("s3cret") } } }],
    ["the values together", { db: { mode: "shared", data: pulumi.secret({ password: "s3cret" }) } }],
    ["one Secret", { db: pulumi.secret({ mode: "shared", data: { password: "s3cret" } }) }],
    ["all Secrets", pulumi.secret({ db: { mode: "shared", data: { password: "s3cret" } } })],
    ["nothing", { db: { mode: "shared", data: { password: "s3cret" } } }],
  ] as const) {
    it(`have the values of Secrets as secret Outputs, if ${what} is marked as secret`, async () => {
      const found = (await constants({ secrets })).found as { secrets: { db: { mode: string; data: unknown } } };
      const { mode, data } = found.secrets.db;
      assert.equal(mode, "shared");
      assert.ok(await pulumi.isSecret(data as pulumi.Output<unknown>));
      assert.deepEqual(await values(data), { password: "s3cret" });
    });
  }

  it("are known although a value of a Secret is not", async () => {
    const given = {
      namespace: "shop",
      secrets: { db: { mode: "versioned", data: { password: pulumi.output(unknown) } } },
    };
    const { found, warnings } = await constants(given, true);
    assert.deepEqual(warnings, []);
    const { secrets } = found as { secrets: { db: { data: unknown } } };
    assert.ok(pulumi.containsUnknowns(await values(secrets.db.data)));
  });
});
