import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { run } from "../../harness/command.ts";
import { get, kubectl, namespace as makeNamespace } from "../../harness/kubectl.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { places } from "../../sandbox/places.ts";
import { onDemandCommand } from "../../sandbox/toolchain.ts";

const checkout = join(import.meta.dirname, "../..");
const namespace = "yaml-program";

/** The program of package/example, with the published YAML language host. Nothing of it is TypeScript but the provider. */
describe("fop-gate as a YAML program", function () {
  // The language host may have to be built first.
  this.timeout(600_000);
  const folder = mkdtempSync(join(tmpdir(), "gray-yaml-"));
  const env: NodeJS.ProcessEnv = {
    PULUMI_BACKEND_URL: `file://${join(folder, ".state")}`,
    PULUMI_CONFIG_PASSPHRASE: "e2e",
  };
  const change = (text: string, by: string) => {
    const program = readFileSync(join(folder, "Pulumi.yaml"), "utf8");
    assert.ok(program.includes(text), text);
    writeFileSync(join(folder, "Pulumi.yaml"), program.replaceAll(text, by));
  };
  const pulumi = (...args: string[]) => run("pulumi", [...args, "--non-interactive"], { cwd: folder, env });
  const up = (stack: string) => pulumi("up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stack);
  const must = async (outcome: ReturnType<typeof run>) => {
    const { code, output } = await outcome;
    assert.equal(code, 0, output);
    return output;
  };
  const gray = (...args: string[]) =>
    run(process.execPath, [join(checkout, "cli/gray.ts"), ...args, "-n", namespace], { cwd: folder, env });
  const release = async (name: string): Promise<string> =>
    (await get(namespace, "deployment", name)).spec.template.metadata.labels.release;

  before(async () => {
    const host = await onDemandCommand("pulumi-language-yaml", places());
    env.PATH = `${dirname(host)}${delimiter}${process.env.PATH}`;
    await makeNamespace(namespace);
    mkdirSync(join(folder, ".state"));
    cpSync(join(checkout, "package/example"), folder, { recursive: true });
    cpSync(join(checkout, "config"), join(folder, "config"), { recursive: true });
    chmodSync(join(checkout, "package/pulumi-resource-gray-release"), 0o755);
    change("gray-release: ..\n", `gray-release: ${join(checkout, "package")}\n`);
    change("default: dora-apps\n", `default: ${namespace}\n`);
    change("default: 9\n", "default: 3\n");
    change("default: 30\n", "default: 1\n");
    change("default: 10\n", "default: 25\n");
    for (const stack of ["canary", "prod"]) await must(pulumi("stack", "init", stack));
  });
  after(async () => {
    await must(run(process.execPath, [join(checkout, "cli/gray.ts"), "destroy", "--yes"], { cwd: folder, env }));
    rmSync(folder, { recursive: true });
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
  });

  it("runs one release on both tracks, by two stacks", async () => {
    await must(up("canary"));
    await must(up("prod"));
    assert.equal(await release("fop-gate"), await release("fop-gate-canary"));
    const { status } = await get(namespace, "deployment", "fop-gate");
    assert.equal(status.availableReplicas, 3);
  });

  it("is refused by the gate until the release is approved, with the gate's own sentence", async () => {
    const before = await release("fop-gate");
    change(RELEASE_IMAGES.A, RELEASE_IMAGES.B);
    await must(up("canary"));
    const tried = await release("fop-gate-canary");
    const { code, output } = await up("prod");
    assert.notEqual(code, 0);
    assert.match(
      output,
      new RegExp(`fop-gate stable: release ${tried} is refused, because it has not been judged good`),
    );
    assert.equal(await release("fop-gate"), before);
    await must(gray("approve", tried, "--reason", "a test"));
    await must(up("prod"));
    assert.equal(await release("fop-gate"), tried);
  });

  it("is rolled back by gray, which gives the provider its environment", async () => {
    const second = await release("fop-gate");
    await must(gray("undo", "--reason", "a test"));
    assert.notEqual(await release("fop-gate"), second);
    assert.equal(await release("fop-gate"), await release("fop-gate-canary"));
  });
});
