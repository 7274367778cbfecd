import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { deployment } from "../../policies/engine/examples.ts";
import { rules } from "../../policies/engine/rules.ts";

const require = createRequire(import.meta.url);
const { credentials } = require("@grpc/grpc-js");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb.js");
const { AnalyzerClient } = require("@pulumi/pulumi/proto/analyzer_grpc_pb.js");
const { AnalyzeRequest, AnalyzerResourceOptions } = require("@pulumi/pulumi/proto/analyzer_pb.js");
const { Empty } = require("google-protobuf/google/protobuf/empty_pb.js");
/** pulumi.EnforcementLevel (SDK: proto/analyzer.proto). */
const levels: Readonly<Record<string, number>> = { advisory: 0, mandatory: 1 };

/** The pack as `pulumi preview --policy-pack policies` starts it: a process that prints its port. */
describe("the policy pack, started as Pulumi starts it", () => {
  let pack: ChildProcess;
  // biome-ignore lint/suspicious/noExplicitAny: the SDK gives its clients no types
  let client: any;

  before(async function () {
    this.timeout(60_000);
    const cwd = join(import.meta.dirname, "..", "..", "policies");
    pack = spawn(process.execPath, [require.resolve("@pulumi/pulumi/cmd/run-policy-pack"), "127.0.0.1:1", "."], {
      cwd,
    });
    assert.ok(pack.stdout && pack.stderr);
    let printed = "";
    pack.stderr.on("data", (chunk) => {
      printed += chunk;
    });
    const ended = once(pack, "exit").then(([code]) => assert.fail(`the pack ended with ${code}: ${printed}`));
    const [port] = await Promise.race([once(pack.stdout, "data"), ended]);
    client = new AnalyzerClient(`127.0.0.1:${String(port).trim()}`, credentials.createInsecure());
  });
  after(() => {
    client?.close();
    pack.removeAllListeners("exit");
    pack.kill();
  });

  const call = (method: string, request: unknown) =>
    // biome-ignore lint/suspicious/noExplicitAny: the SDK gives its answers no types
    new Promise<any>((resolve, reject) => {
      client[method](request, (error: Error | null, answer: unknown) => (error ? reject(error) : resolve(answer)));
    });

  it("has every rule at its level, with a severity, a description and a remediation", async () => {
    const { policiesList } = (await call("getAnalyzerInfo", new Empty())).toObject();
    assert.deepEqual(
      policiesList.map(({ name, enforcementlevel }: { name: string; enforcementlevel: number }) => [
        name,
        enforcementlevel,
      ]),
      rules.map(({ name, level = "mandatory" }) => [name, levels[level]]),
    );
    for (const { description, severity, remediationSteps } of policiesList) {
      assert.match(description, /\.$/);
      assert.match(remediationSteps, /\.$/);
      assert.ok(severity > 0);
    }
  });

  it("has the organization's settings as its initial configuration", async () => {
    const info = await call("getAnalyzerInfo", new Empty());
    const initial = info.getInitialconfigMap().get("allowed-registries").getProperties().toJavaScript();
    assert.deepEqual(initial, { registries: ["reg.qiniu.com/dora-apps"] });
    // Pulumi treats a configuration without a level as advisory, whatever the level of the rule.
    for (const [name, config] of info.getInitialconfigMap().entries()) {
      assert.equal(config.getEnforcementlevel(), levels.mandatory, name);
    }
  });

  it("has the version of the package, and so does the published pack", () => {
    const versions = ["../../package.json", "../../policies/package.json", "../../policy-pack/package.json"].map(
      (path) => JSON.parse(readFileSync(join(import.meta.dirname, path), "utf8")).version,
    );
    assert.equal(new Set(versions).size, 1);
  });

  it("reports a violation", async () => {
    const { type, name, props } = deployment("stable", { spec: { minReadySeconds: 0 } });
    const request = new AnalyzeRequest();
    request.setType(type);
    request.setName(name);
    request.setUrn(`urn:pulumi:prod::gray-release::${type}::${name}`);
    request.setOptions(new AnalyzerResourceOptions());
    request.setProperties(Struct.fromJavaScript(props));
    const { diagnosticsList } = (await call("analyze", request)).toObject();
    assert.deepEqual(
      diagnosticsList.map(({ policyname }: { policyname: string }) => policyname),
      ["released-template", "safe-rolling-update"],
    );
  });
});
