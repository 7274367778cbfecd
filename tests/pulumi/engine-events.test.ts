import assert from "node:assert/strict";
import { Progress } from "../../pulumi/engine-events.ts";

const deployment = "gray-release:index:CanaryService$kubernetes:apps/v1:Deployment";
const urn = (type = deployment, name = "web") => `urn:pulumi:prod::gray-release::${type}::${name}`;

function step(kind: string, op: string, type = deployment, name = "web", custom = true) {
  return JSON.stringify({ [kind]: { metadata: { op, urn: urn(type, name), old: null, new: { custom } } } });
}
const begin = (op: string, ...of: [type?: string, name?: string, custom?: boolean]) =>
  step("resourcePreEvent", op, ...of);
const diagnostic = (message: string, resource?: string, severity = "error") =>
  JSON.stringify({ sequence: 14, diagnosticEvent: { message, severity, ...(resource && { urn: resource }) } });

/** The lines that a run prints. */
const said = (...lines: string[]) => {
  const progress = new Progress();
  return lines.map((line) => progress.read(line)).filter((each) => each !== undefined);
};
/** Why a run failed. */
const failure = (...lines: string[]) => {
  const progress = new Progress();
  for (const line of lines) progress.read(line);
  return progress.failure;
};

describe("the progress of a run of Pulumi", () => {
  it("is one line for each object that begins to change", () => {
    assert.deepEqual(
      said(
        begin("create", "kubernetes:core/v1:Service", "front"),
        begin("update"),
        step("resOutputsEvent", "update"),
        begin("create-replacement", "kubernetes:core/v1:ConfigMap", "config"),
        begin("replace", "kubernetes:core/v1:ConfigMap", "config"),
        begin("delete-replaced", "kubernetes:core/v1:ConfigMap", "config"),
        begin("delete", "kubernetes:core/v1:Secret", "old"),
      ),
      [
        "Service front creating",
        "Deployment web updating",
        "ConfigMap config creating",
        "ConfigMap config deleting",
        "Secret old deleting",
      ],
    );
  });

  it("has no line for resources that stay, are only read, or are not objects of the cluster", () => {
    assert.deepEqual(
      said(
        begin("same"),
        begin("refresh"),
        begin("read", "pulumi:pulumi:StackReference", "canary"),
        begin("create", "pulumi:providers:kubernetes", "cluster"),
        begin("update", "gray-release:index:CanaryService", "web", false),
        '{"preludeEvent":{"config":{"gray-release:image":"web:1"}}}',
        "Loading policy packs...",
        "[]",
        "",
      ),
      [],
    );
  });
});

describe("why a run of Pulumi failed", () => {
  it("is the program's error, whatever else went wrong", () => {
    const refusal = "fop-gate has no release in stack canary: run pulumi up --stack canary first.";
    const failed = diagnostic(`update of resource "${urn()}" failed: no`, urn());
    assert.equal(failure(failed, diagnostic(`${refusal}\n`), diagnostic("update failed\n")), refusal);
  });

  it("is the error of a program that crashed, without its stack trace", () => {
    const broke = (rest: string) =>
      failure(diagnostic(`Running program '/project/index.ts' failed with an unhandled exception:\n${rest}`));
    assert.equal(broke("Error: boom goes it\n    at file:///project/index.ts:1:7\n"), "Error: boom goes it");
    assert.equal(
      broke("file:///project/index.ts:78\n};\nconst x: = 1;\n         ^\n\nSyntaxError: Unexpected token `=`\n"),
      "SyntaxError: Unexpected token `=`",
    );
    assert.equal(broke("<ref *1> 17\n"), "<ref *1> 17");
  });

  it("is a sentence about the object if the program ended before its hook did, as by ^C", () => {
    const hook = (said: string, moment = "after") =>
      failure(
        diagnostic(`${moment} hook "kubernetes:apps/v1:Deployment_web_${moment}Update_0" failed: ${said}\n`, urn()),
      );
    const sentence =
      "The program ended while it waited for Deployment web, so it is not known whether the change completed: the next pulumi up reads the cluster and records the result.";
    assert.equal(hook("rpc error: code = Unavailable desc = error reading from server: EOF"), sentence);
    assert.equal(hook("rpc error: code = Canceled desc = context canceled"), sentence);
    const refused =
      'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"';
    assert.equal(hook(refused), sentence);
    assert.equal(hook(refused, "before"), "The program ended before Deployment web was changed: run pulumi up again.");
    assert.equal(
      hook("rpc error: code = Unknown desc = no such callback"),
      "rpc error: code = Unknown desc = no such callback",
    );
  });

  it("is the sentence of a hook of the program", () => {
    const hook = 'before hook "kubernetes:apps/v1:Deployment_web_beforeUpdate_0" failed: web prod is refused.\n';
    assert.equal(failure(diagnostic(hook, urn()), diagnostic("update failed\n")), "web prod is refused.");
  });

  it("is the error of the first resource that failed, in one line", () => {
    const cancelled = `3 errors occurred:\n\t* resource "${urn()}" was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: 'web' timed out waiting to be Ready\n\t* [MinimumReplicasUnavailable] Deployment does not have minimum availability.\n\t* Minimum number of live Pods was not attained\n\n\n`;
    assert.equal(
      failure(diagnostic(cancelled, urn()), diagnostic("another", urn(deployment, "web-canary"))),
      "Deployment web: 'web' timed out waiting to be Ready; [MinimumReplicasUnavailable] Deployment does not have minimum availability.; Minimum number of live Pods was not attained",
    );
    const invalid = `resource "${urn()}" was not successfully created by the Kubernetes API server: ConfigMap "Bad" is invalid\n`;
    assert.equal(failure(diagnostic(invalid, urn())), 'Deployment web: ConfigMap "Bad" is invalid');
    assert.equal(
      failure(diagnostic(`update of resource "${urn()}" failed: forbidden\n`, urn())),
      "Deployment web: forbidden",
    );
  });

  it("is the reason why the cluster cannot be reached, without the advice to drop resources from the state", () => {
    const dropping =
      'If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"\n';
    const advice =
      ": check KUBECONFIG, the context and the network; if the state of the stack holds a kubeconfig or context of another machine, run pulumi up --refresh=false once.";
    const why =
      'configured Kubernetes cluster is unreachable: unable to load Kubernetes client configuration from kubeconfig file. Make sure you have: \n\n \t • set up the provider\n\n context "laptop" does not exist\n';
    const refreshFailure = diagnostic(`failed to read resource state due to unreachable cluster. ${dropping}`, urn());
    const reaches = "Pulumi's provider for Kubernetes cannot reach the cluster";
    assert.equal(failure(refreshFailure), `${reaches}${advice}`);
    assert.equal(
      failure(diagnostic(why, urn(), "warning"), refreshFailure),
      `${reaches} (context "laptop" does not exist)${advice}`,
    );
    for (const undone of [`configured Kubernetes cluster is unreachable. ${dropping}`, why]) {
      assert.match(
        failure(diagnostic(undone, urn())) ?? "",
        /^Pulumi's provider for Kubernetes cannot reach the cluster/,
      );
    }
  });

  it("is that the cluster refuses the login, if it does", () => {
    const refused =
      "configured Kubernetes cluster is unreachable: unable to load schema information from the API server: the server has asked for the client to provide credentials";
    const refreshFailure = diagnostic(
      "failed to read resource state due to unreachable cluster. If the cluster",
      urn(),
    );
    assert.equal(
      failure(diagnostic(refused, urn(), "warning"), refreshFailure),
      "The cluster refuses your login (in Pulumi's provider for Kubernetes): log in again.",
    );
  });

  it("is one line without control characters, however much a plugin prints", () => {
    const said = failure(diagnostic(`no\u001b[31m route\r\n\t* ${"x".repeat(2_000_000)}`, urn())) ?? "";
    assert.match(said, /^Deployment web: no route; x+…$/);
    assert.ok(said.length <= 1020, `${said.length} characters`);
    assert.equal(failure(diagnostic("no", urn(deployment, "web\u001b[2J"))), "Deployment web: no");
  });

  it("is the mandatory policy that was violated", () => {
    const policy = (enforcementLevel: string, message: string) =>
      JSON.stringify({ policyEvent: { message, enforcementLevel, policyName: "safe-rolling-update" } });
    assert.equal(
      failure(policy("advisory", "nicer"), policy("mandatory", "Rolls drain.\nDeployment web: maxUnavailable is 1.\n")),
      "Rolls drain.; Deployment web: maxUnavailable is 1.",
    );
  });

  it("is unknown if there is only the engine's follow-up error, or a warning", () => {
    for (const echo of ["update failed\n", "preview failed\n", "update canceled\n"])
      assert.equal(failure(diagnostic(echo)), undefined);
    assert.equal(failure(diagnostic("an old plugin", undefined, "warning")), undefined);
  });
});
