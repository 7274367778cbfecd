import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, run } from "../../harness/command.ts";
import { places } from "../../sandbox/places.ts";
import { onDemandCommand } from "../../sandbox/toolchain.ts";

const checkout = join(import.meta.dirname, "../..");
const [generatorFolder, providerFolder] = ["sdk-generator", "provider-kubernetes"].map((name) =>
  join(checkout, "sandbox/toolchain", name),
) as [string, string];
const page = readFileSync(join(checkout, "docs/how-to/languages.md"), "utf8");
const program = (language: string) =>
  new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? assert.fail(language);

/** Runs the program of the page under mocks of Pulumi's SDK, and prints the inputs of the service. */
const underMocks = `
import json, sys, pulumi

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        if args.typ == "gray-release:index:CanaryService":
            print("INPUTS " + json.dumps({"remote": not args.custom, **args.inputs}, default=str, sort_keys=True))
        return args.name, {**args.inputs, "url": "http://web.shop.svc"}

    def call(self, args):
        return {}

pulumi.runtime.set_mocks(Mocks(), preview=False)

@pulumi.runtime.test
def program():
    import program
    return program.web.url.apply(lambda url: print("URL " + url))

program()
`;

/** The SDKs that Pulumi's own generators write for the package, with the programs of docs/how-to/languages.md. `npm run test:sdks`; downloads much. */
describe("the SDK of the package", () => {
  const folder = mkdtempSync(join(tmpdir(), "gray-sdks-"));
  const sdks = join(folder, "sdks");
  const must = async (command: string, args: string[], cwd = folder): Promise<CommandResult> => {
    const outcome = await run(command, args, { cwd });
    assert.equal(outcome.code, 0, `${command} ${args.join(" ")}:\n${outcome.output}`);
    return outcome;
  };

  before(async () => {
    const generator = await onDemandCommand("sdk-generator", places());
    const module = "github.com/pulumi/pulumi-kubernetes/provider/v4";
    const found = await must("go", ["list", "-m", "-f", "{{.Dir}}", module], providerFolder);
    const kubernetes = join(found.stdout.trim(), "cmd/pulumi-resource-kubernetes/schema.json");
    await must(generator, [join(checkout, "package/schema.json"), kubernetes, sdks]);
  });
  after(() => rmSync(folder, { recursive: true }));

  it("for Go compiles with the program of the page", async () => {
    const module = join(folder, "go");
    mkdirSync(module);
    writeFileSync(join(module, "main.go"), program("go"));
    writeFileSync(join(module, "app.conf"), "level = info\n");
    const sdk = "example.com/gray-release/sdk";
    cpSync(join(sdks, "go"), join(module, "sdk/go"), { recursive: true });
    writeFileSync(join(module, "sdk/go.mod"), `module ${sdk}\n\ngo 1.23\n`);
    const needs = [
      ["github.com/pulumi/pulumi/sdk/v3", generatorFolder],
      ["github.com/pulumi/pulumi-kubernetes/sdk/v4", providerFolder],
    ] as const;
    // The versions that the sandbox builds with, because not every proxy serves every later one.
    const versions = await Promise.all(
      needs.map(async ([name, of]) => {
        const { stdout } = await must(
          "go",
          ["list", "-m", "-f", "{{with .Replace}}{{.Version}}{{else}}{{.Version}}{{end}}", name],
          of,
        );
        return `${name} ${stdout.trim()}`;
      }),
    );
    const lines = [
      "module shop",
      ...[`${sdk} v0.0.0`, ...versions].map((each) => `require ${each}`),
      `replace ${sdk} => ./sdk`,
    ];
    writeFileSync(join(module, "go.mod"), `${lines.join("\n")}\n`);
    await must("go", ["mod", "tidy"], module);
    await must("go", ["vet", "."], module);
  });

  it("for Python runs the program of the page under mocks", async () => {
    const venv = join(folder, "venv");
    await must("python3", ["-m", "venv", venv]);
    await must(join(venv, "bin/pip"), ["install", "--quiet", "pulumi", "pulumi-kubernetes", join(sdks, "python")]);
    writeFileSync(join(folder, "program.py"), program("python"));
    writeFileSync(join(folder, "mocked.py"), underMocks);
    writeFileSync(join(folder, "app.conf"), "level = info\n");
    const { stdout } = await must(join(venv, "bin/python"), ["mocked.py"]);
    const inputs = JSON.parse(/^INPUTS (.*)$/m.exec(stdout)?.[1] ?? "{}");
    assert.deepEqual([inputs.namespace, inputs.replicas, inputs.minReadySeconds], ["shop", 3, 5], stdout);
    assert.deepEqual(inputs.ports, [{ port: 80, targetPort: "http" }]);
    assert.match(stdout, /^URL http:\/\/web\.shop\.svc$/m);
  });

  it("for .NET is generated; it is not compiled here", () => {
    assert.match(readFileSync(join(sdks, "dotnet/CanaryService.cs"), "utf8"), /class CanaryService\b/);
  });
});
