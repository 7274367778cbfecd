import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../components/user-error.ts";
import { readSettings, type Settings } from "../settings.ts";
import { run } from "./fake/engine.ts";

/** The configuration as the Pulumi CLI passes it to a program: all values as text, from Pulumi.yaml and the stack's file. */
const whole = {
  image: "fop-gate:1",
  replicas: "9",
  namespace: "dora-apps",
  minReadySeconds: "30",
  track: "canary",
  weight: "10",
};

describe("the settings", () => {
  let folder: string;
  const cwd = process.cwd();
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "gray-settings-"));
    process.chdir(folder);
  });
  beforeEach(() => {
    for (const stack of ["canary", "prod"]) rmSync(join(folder, `Pulumi.${stack}.yaml`), { force: true });
  });
  after(() => {
    process.chdir(cwd);
    rmSync(folder, { recursive: true });
  });

  async function settings(changes: Record<string, string | undefined> = {}, stack = "canary"): Promise<Settings> {
    const given = Object.entries({ ...whole, ...changes }).filter(([, value]) => value !== undefined);
    const config = Object.fromEntries(given.map(([key, value]) => [`gray-release:${key}`, String(value)]));
    let read: Settings | undefined;
    await run(
      () => {
        read = readSettings();
      },
      { stack, config: { ...config, "kubernetes:context": "elsewhere" } },
    );
    assert.ok(read);
    return read;
  }
  const inStack = (stack: string, text: string) => writeFileSync(join(folder, `Pulumi.${stack}.yaml`), text);

  it("are converted from the CLI's text to numbers and names", async () => {
    assert.deepEqual(await settings(), { ...whole, replicas: 9, minReadySeconds: 30, weight: 10 });
  });

  it("take a weight with its sign", async () => {
    assert.equal((await settings({ weight: "2.5%" })).weight, 2.5);
  });

  it("require no weight and no release", async () => {
    const { weight, release } = await settings({ weight: undefined });
    assert.deepEqual([weight, release], [undefined, undefined]);
  });

  it("accept a fractional weight", async () => {
    assert.equal((await settings({ weight: "2.5" })).weight, 2.5);
  });

  for (const [what, changes, sentence] of [
    [
      "an unknown key",
      { wieght: "10" },
      'Configuration key "wieght" is unknown: use one of image, replicas, namespace, minReadySeconds, track, weight, release in Pulumi.yaml.',
    ],
    ["a missing image", { image: undefined }, 'Configuration key "image" is missing: set it in Pulumi.yaml.'],
    ["a missing track", { track: undefined }, 'Configuration key "track" is missing: set it in Pulumi.canary.yaml.'],
    [
      "an unknown track",
      { track: "beta" },
      'Configuration key "track" is "beta": it must be stable or canary; change it in Pulumi.canary.yaml.',
    ],
    [
      "0 replicas",
      { replicas: "0" },
      'Configuration key "replicas" is "0": it must be a whole number of at least 1; change it in Pulumi.yaml.',
    ],
    [
      "fractional replicas",
      { replicas: "1.5" },
      'Configuration key "replicas" is "1.5": it must be a whole number of at least 1; change it in Pulumi.yaml.',
    ],
    [
      "replicas in words",
      { replicas: "nine" },
      'Configuration key "replicas" is "nine": it must be a whole number of at least 1; change it in Pulumi.yaml.',
    ],
    [
      "a weight over 100",
      { weight: "101" },
      'Configuration key "weight" is "101": it must be 0 to 100; change it in Pulumi.canary.yaml.',
    ],
    [
      "a weight below 0",
      { weight: "-1" },
      'Configuration key "weight" is "-1": it must be 0 to 100; change it in Pulumi.canary.yaml.',
    ],
    [
      "a weight in words",
      { weight: "much" },
      'Configuration key "weight" is "much": it must be 0 to 100; change it in Pulumi.canary.yaml.',
    ],
    [
      "an empty weight",
      { weight: "" },
      'Configuration key "weight" is "": it must be 0 to 100; change it in Pulumi.canary.yaml.',
    ],
    [
      "a negative time",
      { minReadySeconds: "-1" },
      'Configuration key "minReadySeconds" is "-1": it must be a whole number of seconds; change it in Pulumi.yaml.',
    ],
  ] as [string, Record<string, string | undefined>, string][]) {
    it(`refuse ${what}`, async () => {
      await assert.rejects(settings(changes), new UserError(sentence));
    });
  }

  it("name the stack's file for an unknown key in it", async () => {
    inStack("canary", "config:\n  gray-release:wieght: 10\n");
    await assert.rejects(settings({ wieght: "10" }), /in Pulumi\.canary\.yaml\.$/);
  });

  it("name the file of the current stack", async () => {
    await assert.rejects(settings({ track: undefined }, "prod"), /set it in Pulumi\.prod\.yaml/);
  });

  describe("that both tracks share", () => {
    it("must not be in the file of only one stack, for either current stack", async () => {
      inStack("canary", "config:\n  gray-release:image: fop-gate:2\n");
      const sentence =
        'Configuration key "image" is set in Pulumi.canary.yaml, and both tracks run the same release: set it in Pulumi.yaml, for both.';
      await assert.rejects(settings(), new UserError(sentence));
      await assert.rejects(settings({}, "prod"), new UserError(sentence));
    });

    it("are found in the files with and without the project's name as prefix, as Pulumi finds them", async () => {
      inStack("canary", "config:\n  image: fop-gate:2\n  other:replicas: 7\n  my-gray-release:namespace: b\n");
      await assert.rejects(settings(), /"image" is set in Pulumi\.canary\.yaml, and both tracks/);
      inStack("prod", "config:\n  gray-release:image: fop-gate:2\n");
      assert.equal((await settings()).replicas, 9);
    });

    it("are not those of a project whose name ends with this one's", async () => {
      inStack("canary", "config:\n  my-gray-release:image: fop-gate:2\n");
      assert.equal((await settings()).image, "fop-gate:1");
    });

    it("must not differ between the two files", async () => {
      inStack("canary", "config:\n  gray-release:replicas: 9\n");
      inStack("prod", "config:\n  gray-release:replicas: 3\n");
      await assert.rejects(settings(), /Configuration key "replicas" is set in both stack files, differently/);
    });

    it("may be in both files with the same value", async () => {
      for (const stack of ["canary", "prod"]) inStack(stack, "config:\n  gray-release:replicas: 9\n");
      assert.equal((await settings()).replicas, 9);
    });

    it("may be in the file of one stack if they do not affect the release", async () => {
      inStack("canary", "config:\n  gray-release:weight: 20\n  gray-release:track: canary\n");
      assert.equal((await settings({ weight: "20" })).weight, 20);
    });
  });

  it("accept a stack file that is empty or has no config", async () => {
    inStack("canary", "");
    inStack("prod", "encryptionsalt: v1:x\n");
    assert.equal((await settings()).replicas, 9);
  });

  it("refuse a stack file that is not YAML, even that of the other stack", async () => {
    inStack("prod", "config: [\n");
    await assert.rejects(
      settings(),
      (error) =>
        error instanceof UserError && /^Pulumi\.prod\.yaml cannot be read \(.*\): correct it\.$/.test(error.message),
    );
  });
});
