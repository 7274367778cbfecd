import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { load } from "js-yaml";
import { readAssets } from "../../components/config-files.ts";
import { renderRelease } from "../../components/release.ts";
import { assertServiceArgs, labelsOf, type ServiceArgs } from "../../components/service-args.ts";
import schema from "../../package/schema.json" with { type: "json" };

const page = readFileSync(join(import.meta.dirname, "../../docs/how-to/languages.md"), "utf8");
const { inputProperties } = schema.resources["gray-release:index:CanaryService"];

function program(language: string): string {
  const found = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page)?.[1];
  assert.ok(found, language);
  return found;
}

/** The arguments in the TypeScript program. */
function typescript(): ServiceArgs {
  const text = /new CanaryService\("web", (\{[\s\S]*?\n\})\);/.exec(program("ts"))?.[1];
  const file = (name: string) => ({ [name]: "level = info\n" });
  return new Function("file", `return (${text});`)(file);
}

/** The arguments in the YAML program, with the file's content as its asset. */
function yaml(): ServiceArgs {
  const { resources } = load(program("yaml")) as { resources: { web: { properties: ServiceArgs } } };
  const { configFiles: { config } = {}, ...args } = resources.web.properties;
  assert.deepEqual(config?.files, { "app.conf": { "fn::fileAsset": "app.conf" } });
  const files = { "app.conf": new pulumi.asset.StringAsset("level = info\n") };
  return { ...args, configFiles: { config: { ...config, mountPath: config?.mountPath ?? "", files } } };
}

describe("the page on languages", () => {
  it("has the same service in TypeScript and YAML, down to the release id", async () => {
    const [one, other] = await Promise.all(
      [typescript(), yaml()].map(async (args) => {
        assertServiceArgs("web", args);
        const configFiles = await readAssets(args.configFiles ?? {});
        return renderRelease("web", labelsOf("web", args), { ...args, configFiles }).id;
      }),
    );
    assert.equal(one, other);
    const { configFiles: _, ...plain } = typescript();
    const { configFiles: __, ...plainToo } = yaml();
    assert.deepEqual(plainToo, plain);
  });

  for (const [language, spelled] of [
    ["python", (name: string) => `    ${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}=`],
    ["go", (name: string) => `\t\t\t${name.charAt(0).toUpperCase()}${name.slice(1)}:`],
  ] as const) {
    it(`has it in ${language} with the same arguments, by the names of the SDK`, () => {
      const text = program(language);
      const found = Object.keys(inputProperties).filter((name) => text.includes(`\n${spelled(name)}`));
      assert.deepEqual(found.sort(), Object.keys(typescript()).sort());
    });
  }
});
