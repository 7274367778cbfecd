import assert from "node:assert/strict";
import fc from "fast-check";
import { load } from "js-yaml";
import { descriptionOf } from "../../describe/answers.ts";
import type { Description } from "../../describe/description.ts";
import { projectFiles } from "../../describe/project.ts";
import { sourceOf } from "../../describe/source.ts";
import { runs } from "../long.ts";

const answers = {
  service: "web",
  namespace: "shop",
  image: "web:1",
  port: "8080",
  readiness: "/healthz",
  replicas: "3",
  host: "",
  gateway: "",
};
const versions = { gray: "0.1.0", pulumi: "3.270.0" };
const files = (changes: Partial<typeof answers> = {}) =>
  projectFiles(descriptionOf({ ...answers, ...changes }), { versions });

describe("source text", () => {
  it("means the value, for any value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const read: unknown = new Function(`return ${sourceOf({ value })};`)();
        assert.equal(JSON.stringify(read), JSON.stringify({ value }));
      }),
      { numRuns: runs(2000) },
    );
  });

  it("has a key that would set the prototype as a field", () => {
    const value = JSON.parse('{"__proto__":1}');
    assert.deepEqual(Object.keys(new Function(`return ${sourceOf(value)};`)()), ["__proto__"]);
  });

  it("breaks long lines", () => {
    const text = sourceOf({ items: Array.from({ length: 12 }, (_, i) => `item number ${i}`), empty: {}, none: [] }, 2);
    assert.equal(text.split("\n").length, 18);
    assert.match(text, /\n {4}empty: \{\},\n {4}none: \[\],\n {2}\}$/);
  });
});

describe("the files of a project", () => {
  it("are those that a user's project has", () => {
    assert.deepEqual(Object.keys(files()).sort(), [
      ".gitignore",
      "Pulumi.canary.yaml",
      "Pulumi.prod.yaml",
      "Pulumi.yaml",
      "index.ts",
      "package.json",
      "tsconfig.json",
    ]);
    assert.equal((load(files()["Pulumi.yaml"] ?? "") as { name: string }).name, "web");
    assert.deepEqual(JSON.parse(files()["package.json"] ?? "").dependencies, {
      "@pulumi/pulumi": "3.270.0",
      "gray-release": "0.1.0",
    });
  });

  it("have a weight that the pods can express", () => {
    const weight = (replicas: string) => load(files({ replicas })["Pulumi.canary.yaml"] ?? "") as object;
    assert.deepEqual(weight("1"), { config: { "web:weight": 50 } });
    assert.deepEqual(weight("3"), { config: { "web:weight": 25 } });
    assert.deepEqual(weight("30"), { config: { "web:weight": 10 } });
  });

  it("have an Ingress, or a route of a Gateway", () => {
    assert.match(files({ host: "a.example.com" })["index.ts"] ?? "", /ingress: \{ host: "a\.example\.com" \}/);
    const routed = files({ host: "a.example.com", gateway: "infra/public" })["index.ts"] ?? "";
    assert.match(routed, /gateways: \[\{ namespace: "infra", name: "public" \}\], hostnames: \["a\.example\.com"\]/);
    assert.doesNotMatch(routed, /ingress/);
  });

  it("have each remark in the head of the program, however it is written", () => {
    const described: Description = {
      ...descriptionOf(answers),
      remarks: [
        { kind: "differs", what: "container a", why: "b" },
        { kind: "not-described", what: "Service \n*/ process.exit()", why: "c" },
      ],
    };
    const program = projectFiles(described, { from: "Deployment web in namespace shop", versions })["index.ts"] ?? "";
    assert.deepEqual(program.split("\n\n")[0]?.split("\n"), [
      "// Written by gray init from Deployment web in namespace shop.",
      "//",
      "// Not described:",
      "// - Service */ process.exit(): c.",
      "// Other than in the cluster:",
      "// - container a: b.",
    ]);
  });

  it("need whole numbers, and a host for a Gateway", () => {
    assert.throws(() => files({ port: "http" }), /--port is "http": give a whole number/);
    assert.throws(() => files({ gateway: "public" }), /The Gateway public needs the host/);
  });
});
