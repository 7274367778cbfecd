import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { isTooOld, oldestNode } from "../../components/node-version.ts";

const checkout = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(checkout, file), "utf8");

describe("the required Node.js version", () => {
  it("is the one in package.json", () => {
    assert.equal(JSON.parse(read("package.json")).engines.node, `>=${oldestNode}`);
  });

  it("is compared by number", () => {
    for (const old of ["20.20.2", "22.9.0", "22.17.1", "9.99.0"]) assert.ok(isTooOld(old), old);
    for (const fine of ["22.18.0", "22.100.0", "24.0.0", "100.0.0"]) assert.ok(!isTooOld(fine), fine);
  });

  describe("to run the program", () => {
    const { nodeargs } = (load(read("Pulumi.yaml")) as { runtime: { options: { nodeargs: string } } }).runtime.options;
    /** Runs a file in the same way as Pulumi's language host. */
    const run = (...args: string[]) =>
      spawnSync(process.execPath, [...nodeargs.split(" "), ...args], { cwd: checkout, encoding: "utf8" });

    it("is named in one sentence by a Node.js that does not run TypeScript, and the exit code 32 tells the language host that it was reported", () => {
      const { stderr, stdout, status } = run("--no-experimental-strip-types", "settings.ts");
      assert.deepEqual([stdout, status], ["", 32]);
      assert.match(
        stderr,
        /^gray-release needs Node\.js 22\.18 or newer, .*, but node on PATH is v\S+ \(\/.*\): install Node\.js 24, or [^\n]*\.\n$/,
      );
      assert.ok(stderr.includes(oldestNode));
    });

    it("prints nothing if the version is new enough", () => {
      const { stderr, stdout, status } = run("-e", "console.log(1)");
      assert.deepEqual([stderr, stdout, status], ["", "1\n", 0]);
    });
  });
});
