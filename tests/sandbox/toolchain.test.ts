import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cachedBin, isCached, recipeKey } from "../../sandbox/cache.ts";
import { sandboxEnvironment } from "../../sandbox/env.ts";
import { type Places, places } from "../../sandbox/places.ts";
import { ensurePulumiHome } from "../../sandbox/pulumi-home.ts";
import { type Build, commandsOf } from "../../sandbox/tool.ts";
import {
  buildStages,
  commandPath,
  findTools,
  foreignFolders,
  lookOnPath,
  onDemandCommand,
} from "../../sandbox/toolchain.ts";
import { KUBECTL, ON_DEMAND, TOOLS } from "../../sandbox/tools.ts";

describe("the toolchain", () => {
  let folder: string;
  let at: Places;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gray-tools-"));
    at = { ...places(), cache: join(folder, "cache"), state: join(folder, "state") };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A command on a PATH that prints the text. */
  function command(name: string, prints: string): string {
    const bin = join(folder, "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, name), `#!/bin/sh\necho '${prints}'\n`);
    chmodSync(join(bin, name), 0o755);
    return bin;
  }

  it("names a module that is there for every tool that is built", () => {
    for (const { build } of [...TOOLS, ...ON_DEMAND])
      if (build) assert.ok(existsSync(join(at.checkout, build.module, "go.sum")), build.module);
  });

  it("takes a tool from PATH when its version fits", () => {
    const bin = command("kubectl", "Client Version: v1.36.0");
    assert.equal(lookOnPath(KUBECTL, [bin]), bin);
  });

  it("leaves a tool on PATH alone when its version does not fit", () => {
    assert.equal(lookOnPath(KUBECTL, [command("kubectl", "Client Version: v1.32.4")]), undefined);
  });

  it("wants every command of a tool", () => {
    const bin = command("pulumi", "v3.259.0");
    assert.equal(findTools(at, bin).find((one) => one.tool.name === "pulumi")?.from, "build");
    command("pulumi-language-nodejs", "");
    assert.equal(findTools(at, bin).find((one) => one.tool.name === "pulumi")?.from, "PATH");
  });

  it("brings no stand-ins where the official Pulumi is", () => {
    command("pulumi-language-nodejs", "");
    const found = findTools(at, command("pulumi", "v3.300.1"));
    assert.deepEqual(
      found.filter((one) => one.tool.part === "pulumi").map((one) => one.tool.name),
      ["pulumi"],
    );
  });

  it("leads the official Pulumi to no folder in which a stand-in passes for an official plugin", () => {
    for (const tool of TOOLS.filter(({ part, build }) => part === "pulumi" && build !== undefined)) {
      for (const name of commandsOf(tool)) {
        mkdirSync(cachedBin(tool, at), { recursive: true });
        writeFileSync(join(cachedBin(tool, at), name), "");
      }
    }
    const own = sandboxEnvironment(at, "");
    ensurePulumiHome(at, findTools(at, ""));
    const { dependencies } = JSON.parse(readFileSync(join(at.checkout, "package.json"), "utf8"));
    const plugin = `resource-kubernetes-v${dependencies["@pulumi/kubernetes"]}`;
    assert.ok(existsSync(join(own.PULUMI_HOME ?? "", "plugins", plugin)));

    command("pulumi-language-nodejs", "");
    const path = command("pulumi", "v3.300.1");
    const official = sandboxEnvironment(at, path);
    ensurePulumiHome(at, findTools(at, path));
    assert.ok(existsSync(official.PULUMI_HOME ?? ""));
    assert.ok(!existsSync(join(official.PULUMI_HOME ?? "", "plugins")));
    assert.equal(official.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION, undefined);
    // The stacks are the same ones.
    assert.equal(official.PULUMI_BACKEND_URL, own.PULUMI_BACKEND_URL);
  });

  it("has plugins report the version that the program asks for, of which Pulumi would warn at every run", () => {
    const prints = "#!/bin/sh\necho $SANDBOX_WANTED_VERSION\n";
    for (const tool of TOOLS.filter(({ part, build }) => part === "pulumi" && build !== undefined)) {
      mkdirSync(cachedBin(tool, at), { recursive: true });
      for (const name of commandsOf(tool)) writeFileSync(join(cachedBin(tool, at), name), prints, { mode: 0o755 });
    }
    const { PULUMI_HOME = "" } = sandboxEnvironment(at, "");
    ensurePulumiHome(at, findTools(at, ""));
    for (const name of ["kubernetes", "random"]) {
      const asked = JSON.parse(readFileSync(join(at.checkout, `node_modules/@pulumi/${name}/package.json`), "utf8"));
      const plugin = join(PULUMI_HOME, `plugins/resource-${name}-v${asked.version}/pulumi-resource-${name}`);
      assert.equal(execFileSync(plugin, { encoding: "utf8" }), `${asked.version}\n`);
    }
  });

  it("does not take its own tools for the user's", () => {
    const path = [join(at.cache, "tools/x/bin"), join(at.checkout, "node_modules/.bin"), join(at.state, "pulumi/bin")];
    assert.deepEqual(foreignFolders([...path, "/usr/bin", ""].join(":"), at), ["/usr/bin"]);
  });

  it("builds what is neither on PATH nor in the cache, and says how long each takes", () => {
    const stages = buildStages(findTools(at, ""), at);
    assert.deepEqual(
      stages.map((stage) => stage.title.split(" ")[1]),
      ["pulumi", "pulumi-resource-kubernetes", "pulumi-resource-random", "kube", "containerd", "etcd", "sample"],
    );
    for (const stage of stages) assert.ok((stage.expectSeconds ?? 0) > 0, stage.title);
  });

  it("finds a tool in the cache only when all its commands are there", () => {
    const etcd = TOOLS.find((tool) => tool.name === "etcd") ?? assert.fail();
    mkdirSync(cachedBin(etcd, at), { recursive: true });
    assert.ok(!isCached(etcd, at));
    writeFileSync(join(cachedBin(etcd, at), "etcd"), "");
    assert.ok(isCached(etcd, at));
    assert.equal(commandPath(findTools(at, ""), "etcd"), join(cachedBin(etcd, at), "etcd"));
  });

  it("leaves out of the sandbox what is built on demand", async () => {
    const [prometheus] = ON_DEMAND;
    assert.ok(prometheus && !TOOLS.some(({ name }) => name === prometheus.name));
    mkdirSync(cachedBin(prometheus, at), { recursive: true });
    writeFileSync(join(cachedBin(prometheus, at), "prometheus"), "");
    assert.equal(await onDemandCommand("prometheus", at), join(cachedBin(prometheus, at), "prometheus"));
  });

  it("says what to do when a command is not there yet", () => {
    assert.throws(
      () => commandPath(findTools(at, ""), "kube"),
      /^Problem: kube is not there yet: run `npm run sandbox -- up`$/,
    );
  });
});

describe("a tool's cache key", () => {
  const build: Build = { module: "m", commands: { etcd: "." }, ldflags: "-s" };
  const sources = new Map([
    ["go.mod", "module m"],
    ["main.go", "package main"],
  ]);
  const key = recipeKey(build, sources, "x64");

  it("is 12 hex digits, and the same whatever the order of files", () => {
    assert.match(key, /^[0-9a-f]{12}$/);
    assert.equal(recipeKey(build, new Map([...sources].reverse()), "x64"), key);
  });

  it("changes with sources, flags, tags, shared files and architecture", () => {
    const others = [
      recipeKey(build, new Map([...sources, ["main.go", "package main // changed"]]), "x64"),
      recipeKey({ ...build, ldflags: "" }, sources, "x64"),
      recipeKey({ ...build, tags: "netgo" }, sources, "x64"),
      recipeKey({ ...build, share: { from: "m", folder: "crd" } }, sources, "x64"),
      recipeKey(build, sources, "arm64"),
    ];
    assert.equal(new Set([key, ...others]).size, 6);
  });
});
