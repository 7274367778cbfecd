import assert from "node:assert/strict";
import { join } from "node:path";
import type { Log } from "sarif";
import { apply, kubectl, namespace as makeNamespace } from "../../harness/kubectl.ts";
import { openedFirst } from "../../harness/opened-first.ts";
import { Project } from "../../harness/project.ts";
import { enterSandbox } from "../../harness/sandbox.ts";
import { rules } from "../../policies/engine/rules.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { behindGateway, edge } from "../expected-failures/behind-gateway.ts";
import type { Variant } from "../expected-failures/policies/variant.ts";

const namespace = "policed";

/** Every rule must come to a result: Pulumi lets one pass that meets a value which is not known yet. */
async function previewOf(project: Project, stack: "canary" | "prod", ...args: string[]) {
  const outcome = await project.preview(stack, "--policy-pack", join(project.folder, "policies"), ...args);
  assert.doesNotMatch(outcome.output, /can't run policy/);
  return outcome;
}

/** The rules that the output of Pulumi names, each once. */
function violated(output: string): string[] {
  return [
    ...new Set([...output.matchAll(/- \[mandatory\] \[severity: \w+\]\s+([\w-]+) /g)].map(([, name = ""]) => name)),
  ];
}

describe("pulumi preview --policy-pack policies", () => {
  let project: Project;
  const preview = (stack: "canary" | "prod", ...args: string[]) => previewOf(project, stack, ...args);

  before(async () => {
    await makeNamespace(namespace);
    project = await Project.create({ namespace, minReadySeconds: 1, replicas: 3 });
    project.configure("canary", { weight: 25 });
  });
  after(async () => {
    await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    project.forget();
  });

  it("passes fop-gate on both stacks, before and after they are up", async () => {
    const first = await preview("canary");
    assert.equal(first.code, 0, first.output);
    assert.doesNotMatch(first.output, /is expected to have version/);
    await project.mustUp("canary");
    const second = await preview("prod");
    assert.equal(second.code, 0, second.output);
    await project.mustUp("prod");
    for (const stack of ["canary", "prod"] as const) {
      const { code, output } = await preview(stack);
      assert.equal(code, 0, output);
      assert.match(output, /gray-release@v[0-9.]+ \(local/);
    }
  });

  const tried = [
    "annotated-behind-the-release",
    "debug-ingress-open",
    "image-from-elsewhere",
    "root",
    "service-unprotected",
    "key-in-an-output",
  ];
  for (const name of tried) {
    it(`fails a broken variant, by one rule and its sentence: ${name}`, async () => {
      const path = join(import.meta.dirname, "../expected-failures/policies", `${name}.ts`);
      const { rule, message, stack, change }: Variant = (await import(path)).default;
      const before = ["index.ts", "Pulumi.yaml"].map((file) => [file, project.read(file)] as const);
      project.change(change);
      const { code, output } = await preview(stack);
      for (const [file, text] of before) project.write(file, text);
      assert.notEqual(code, 0, output);
      assert.deepEqual(violated(output), [rule], output);
      assert.ok(output.includes(message.replaceAll("{namespace}", namespace)), output);
      assert.match(output, /File to change: .*index\.ts\./);
    });
  }

  it("passes what is deployed, by pulumi policy analyze, and judges it", async () => {
    const pack = join(project.folder, "policies");
    for (const stack of ["canary", "prod"] as const) {
      const analyze = (...args: string[]) =>
        project.pulumi(["policy", "analyze", "--stack", stack, "--policy-pack", pack, ...args]);
      const { code, output } = await analyze();
      assert.equal(code, 0, output);
      assert.deepEqual(violated(output), []);
      project.write("strict.json", JSON.stringify({ "required-labels": { labels: ["cost-center"] } }));
      const strict = await analyze("--policy-pack-config", join(project.folder, "strict.json"));
      assert.notEqual(strict.code, 0);
      assert.match(strict.output, /the organization also requires the label cost-center/);
    }
  });

  it("is told by gray policy, of what is deployed and of what would be", async () => {
    const deployed = await project.gray("policy", "--deployed", "--format", "junit");
    assert.equal(deployed.code, 0, deployed.output);
    assert.match(deployed.stdout, /<testsuite name="canary" tests="1" failures="0" errors="0">/);
    const index = project.read("index.ts");
    const { rule, change }: Variant = (await import("../expected-failures/policies/root.ts")).default;
    project.change(change);
    const { code, stdout, output } = await project.gray("policy", "--stack", "canary", "--format", "sarif");
    project.write("index.ts", index);
    assert.equal(code, 3, output);
    const [run] = (JSON.parse(stdout) as Log).runs;
    assert.deepEqual([...new Set(run?.results?.map(({ ruleId }) => ruleId))], [rule]);
    assert.equal(run?.tool.driver.rules?.length, rules.length);
  });

  it("fails where the gate would refuse prod", async () => {
    project.share({ image: RELEASE_IMAGES.B });
    await project.mustUp("canary");
    const { code, output } = await preview("prod");
    assert.notEqual(code, 0);
    assert.match(output, /refused-release/);
  });

  it("fails a roll that takes capacity away", async () => {
    const index = project.read("index.ts");
    project.write("index.ts", index.replace("maxUnavailable: 0", "maxUnavailable: 1"));
    const { code, output } = await preview("canary");
    assert.notEqual(code, 0);
    assert.match(output, /safe-rolling-update/);
    project.write("index.ts", index);
  });

  it("fails a weight that rises by more than the step that the team has set", async () => {
    project.configure("canary", { weight: 50 });
    // Not policies.json: beside the folder policies, Node would take that for the pack.
    project.write("team.json", JSON.stringify({ "weight-step": { largestRise: 10 } }));
    const half = await preview("canary");
    assert.equal(half.code, 0, half.output);
    const { code, output } = await preview("canary", "--policy-pack-config", join(project.folder, "team.json"));
    assert.notEqual(code, 0);
    assert.match(output, /rises from 25 % to 50 %, but may rise by at most 10: set a weight of at most 35 first/);
    project.configure("canary", { weight: 25 });
  });
});

describe("pulumi preview --policy-pack policies, of a service behind a gateway that was never up", () => {
  const routed = "policed-gateway";
  /** Somebody's own way to stable, past the token. */
  const inside = `
import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
new CustomResource("inside", {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "HTTPRoute",
  metadata: { name: "inside", namespace },
  spec: { parentRefs: [{ name: "edge" }], hostnames: ["inside.example"], rules: [{ backendRefs: [{ name: "fop-gate-stable", port: 80 }] }] },
}, { provider: rollout.provider });
`;
  let project: Project;

  before(async function () {
    this.timeout(1_200_000); // where Traefik is not built yet
    enterSandbox(["gateway"]);
    await makeNamespace(routed);
    await apply(JSON.parse(JSON.stringify(edge.apply).replace("{namespace}", routed)));
    project = await Project.create({ namespace: routed, minReadySeconds: 1, replicas: 3 });
  });
  after(async () => {
    project?.forget();
    await kubectl(["delete", "namespace", routed, "--wait=false", "--ignore-not-found"]);
  });

  it("passes it, token and all, and fails what jumps and what stands before the token", async () => {
    const index = project.read("index.ts");
    const rules = [{ to: "stable", pathPrefix: "/export" }];
    project.change(behindGateway({ rules }));
    const good = await previewOf(project, "canary");
    assert.equal(good.code, 0, good.output);
    project.write("index.ts", index);
    project.configure("canary", { weight: 60 });
    project.change(behindGateway({ rules }));
    project.write("index.ts", `${openedFirst(project.read("index.ts"))}${inside}`);
    const { code, output } = await previewOf(project, "canary");
    assert.notEqual(code, 0);
    assert.match(output, /fop-gate: canary's share of the traffic rises from 0 % to 60 %/);
    assert.match(output, /HTTPRoute policed-gateway\/inside: a request with the token to \/ meets rules\[0\]/);
  });
});
