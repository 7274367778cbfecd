import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { kubectl } from "../../harness/kubectl.ts";
import { stepsOf } from "../../harness/page.ts";
import { Reader } from "../../harness/reader.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";

const checkout = join(import.meta.dirname, "../..");
const page = readFileSync(join(checkout, "docs/getting-started.md"), "utf8");

describe("the page Getting started, followed by a reader", function () {
  this.timeout(240_000);
  const home = mkdtempSync(join(tmpdir(), "gray-reader-"));
  const reader = new Reader({
    folder: checkout,
    notes: join(home, ".terminals"),
    own: { "registry.example/hello:1.0.0": RELEASE_IMAGES.A, "registry.example/hello:1.1.0": RELEASE_IMAGES.B },
    env: {
      HOME: home,
      // What this machine has downloaded before.
      npm_config_cache: process.env.npm_config_cache ?? join(homedir(), ".npm"),
      PULUMI_BACKEND_URL: `file://${home}`,
      PULUMI_CREDENTIALS_PATH: join(home, ".credentials"),
      PULUMI_CONFIG_PASSPHRASE: "e2e",
      // The reader says yes.
      PULUMI_SKIP_CONFIRMATIONS: "true",
    },
  });
  const steps = stepsOf(page);

  after(async () => {
    reader.leave();
    await kubectl(["delete", "namespace", "hello", "--wait=false", "--ignore-not-found"]);
    rmSync(home, { recursive: true });
  });

  it("has commands, and says what they print", () => {
    const count = (kind: string) => steps.filter((step) => step.kind === kind).length;
    assert.ok(count("type") >= 15);
    assert.ok(count("see") >= 6);
  });

  for (const [at, step] of steps.entries()) {
    const title =
      step.kind === "type"
        ? `types ${step.command}`
        : step.kind === "see"
          ? `sees ${step.lines[0]}`
          : `${step.kind}s ${step.file}`;
    it(title, async function () {
      // Nothing that comes after a step that failed would be as the page says.
      if (at > done) this.skip();
      await reader.follow(step);
      done = at + 1;
    });
  }
  let done = 0;

  it("ends with commands that succeeded", () => reader.endAll());
});
