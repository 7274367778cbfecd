import assert from "node:assert/strict";
import { changeLines, describedIn, previewOf } from "../../../cli/output/changes.ts";

const stack = "organization/gray-release/canary";

/** A step of a preview, as Pulumi prints it. */
function step(op: string, type: string, name: string, more: object = {}) {
  const state = { type, custom: true, inputs: { data: { password: "hunter2" } } };
  return { op, urn: `urn:pulumi:canary::gray-release::${type}::${name}`, newState: state, detailedDiff: null, ...more };
}

const deployment = "gray-release:index:CanaryService$kubernetes:apps/v1:Deployment";
const update = step("update", deployment, "web-canary", {
  detailedDiff: {
    "spec.template.spec.containers[0].image": { kind: "update", inputDiff: false },
    "metadata.labels.release": { kind: "add", inputDiff: false },
  },
});
const digest = (more: object) => JSON.stringify({ steps: [], diagnostics: [], changeSummary: { same: 9 }, ...more });

describe("a preview", () => {
  it("has each change with operation, kind, name and properties, and the number of unchanged resources", () => {
    const { changes, unchanged } = previewOf(stack, digest({ steps: [update] }));
    assert.deepEqual(changes, [
      {
        operation: "update",
        kind: "Deployment",
        name: "web-canary",
        properties: ["spec.template.spec.containers[0].image", "metadata.labels.release"],
      },
    ]);
    assert.equal(unchanged, 9);
  });

  it("never advises to drop resources from the state if no cluster is reached", () => {
    const diagnostic = (severity: string, message: string) => ({ severity, message });
    const { error } = previewOf(
      stack,
      digest({
        diagnostics: [
          diagnostic("warning", "warning: configured Kubernetes cluster is unreachable: no such host"),
          diagnostic(
            "error",
            'error: failed to read resource state due to unreachable cluster. If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"',
          ),
        ],
      }),
    );
    assert.match(error ?? "", /^Pulumi's provider for Kubernetes cannot reach the cluster \(no such host\): check/);
    assert.ok(!error?.includes("DELETE_UNREACHABLE"));
  });

  it("never contains a value of a property", () => {
    const secret = step("create", "kubernetes:core/v1:Secret", "token");
    const gone = step("delete", "kubernetes:core/v1:Secret", "old", { oldState: secret.newState, newState: null });
    const preview = previewOf(stack, digest({ steps: [update, secret, gone] }));
    assert.equal(preview.changes.length, 3);
    assert.ok(!JSON.stringify(preview).includes("hunter2"));
    assert.ok(!changeLines([preview]).includes("hunter2"));
  });

  it("leaves out reads, components and the stack state, which are no objects", () => {
    const component = step("update", "gray-release:index:CanaryService", "web", {
      newState: { type: "gray-release:index:CanaryService" },
    });
    const read = step("read", "pulumi:pulumi:StackReference", "organization/gray-release/canary");
    const stash = step("update", "pulumi:index:Stash", "web-state");
    const refresh = step("refresh", deployment, "web-canary");
    assert.deepEqual(previewOf(stack, digest({ steps: [component, read, stash, refresh] })).changes, []);
  });

  it("has one change for a replaced resource, with the properties that force it", () => {
    const reason = { replaceReasons: ["spec.selector"], diffReasons: ["spec.selector"] };
    const steps = ["create-replacement", "replace", "delete-replaced"].map((op) => step(op, deployment, "web", reason));
    assert.deepEqual(previewOf(stack, digest({ steps })).changes, [
      { operation: "replace", kind: "Deployment", name: "web", properties: ["spec.selector"] },
    ]);
  });

  it("has the program's warnings once each, and its error", () => {
    const diagnostics = [
      { severity: "info", message: "web: asked 10 %, reached 10 %\n" },
      { severity: "warning", message: "warning: web is refused\n" },
      { severity: "warning", message: "warning: web is refused\n" },
      { severity: "error", message: "error: weight is 51\n" },
    ];
    const { warnings, error } = previewOf(stack, digest({ diagnostics }));
    assert.deepEqual([warnings, error], [["web is refused"], "weight is 51"]);
  });

  it("has the inputs of the services that the program gives, not those that a refresh found", () => {
    const urn = "urn:pulumi:canary::shop::gray-release:index:CanaryService::web";
    const state = (release: string) => ({
      type: "gray-release:index:CanaryService",
      inputs: { releases: { canary: { id: release } } },
    });
    const steps = [
      { op: "refresh", urn, newState: state("old") },
      { op: "update", urn, oldState: state("old"), newState: state("new") },
    ];
    const services = (all: object[]) => previewOf(stack, digest({ steps: all })).services;
    const inputs = { releases: { canary: { id: "new" } } };
    assert.deepEqual(services(steps), [{ service: "web", resource: "web", inputs, changes: true }]);
    const same = { op: "same", urn, oldState: state("new"), newState: state("new") };
    assert.deepEqual(services([same]), [{ service: "web", resource: "web", inputs, changes: false }]);
    assert.deepEqual(previewOf(stack, digest({ steps: [same] })).changes, []);
  });

  it("has the service of a namespace, whatever the names of the resources", () => {
    const urn = (name: string) => `urn:pulumi:canary::shop::gray-release:index:CanaryService::${name}`;
    const made = (resource: string, inputs: object) => ({
      op: "create",
      urn: urn(resource),
      newState: { type: "gray-release:index:CanaryService", inputs },
    });
    const steps = [made("web", { namespace: "a" }), made("blue", { name: "web", namespace: "b" })];
    const found = previewOf(stack, digest({ steps }));
    const resource = (service: string, namespace: string) => describedIn([found], { service, namespace })?.resource;
    assert.deepEqual([resource("web", "a"), resource("web", "b"), resource("blue", "b")], ["web", "blue", undefined]);
  });

  it("is an error if it cannot be parsed", () => {
    for (const text of ["", "<html>", '{"steps": [{"op": 1}]}']) {
      assert.deepEqual(previewOf(stack, text), {
        stack,
        changes: [],
        unchanged: 0,
        warnings: [],
        services: [],
        error: "its output is no JSON preview; run it yourself with --json to see what it prints",
      });
    }
  });

  it("prints as a table, with a warning of several stacks once", () => {
    const diagnostics = [{ severity: "warning", message: "warning: an old plugin\n" }];
    const create = step("create", "kubernetes:networking.k8s.io/v1:Ingress", "web-debug");
    const previews = [
      previewOf(stack, digest({ steps: [update, create], diagnostics })),
      previewOf("organization/gray-release/prod", digest({ diagnostics, changeSummary: { same: 4 } })),
    ];
    assert.equal(
      changeLines(previews),
      [
        "STACK    OPERATION   KIND         NAME         CHANGES",
        "canary   update      Deployment   web-canary   spec.template.spec.containers[0].image, metadata.labels.release",
        "canary   create      Ingress      web-debug",
        "",
        "canary: 2 changes, 9 unchanged.",
        "prod: nothing changes, 4 unchanged.",
        "canary, prod: warning: an old plugin",
      ].join("\n"),
    );
  });
});
