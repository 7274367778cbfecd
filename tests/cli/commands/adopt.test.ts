import assert from "node:assert/strict";
import { adoptCommand } from "../../../cli/commands/adopt.ts";
import { UserError } from "../../../components/user-error.ts";
import type { Resource } from "../../../pulumi/pulumi.ts";
import { ApiServer } from "../../fake/api-server.ts";
import { Shell, stashOf } from "../../fake/gray.ts";

const component = "gray-release:index:CanaryService";
const recordPath = "/api/v1/namespaces/dora-apps/configmaps/web-rollout";

/** The state of a stack whose first `up` with these tracks of web has not completed. */
function begun(tracks: readonly string[], namespace = "dora-apps"): Resource[] {
  const urn = `urn:pulumi:stack::gray-release::${component}::web`;
  return [{ type: component, urn, inputs: { namespace, tracks } }];
}

/** The state of a stack that owns these tracks of web, with an `up` that has completed. */
function owning(tracks: readonly string[], namespace = "dora-apps", cluster = "cluster-uid"): Resource[] {
  return [stashOf("web", { namespace, cluster }), ...begun(tracks, namespace)];
}

/** A preview of Pulumi with these steps. */
function preview(steps: readonly [operation: string, kind: string, name?: string][], warnings: readonly string[] = []) {
  return {
    steps: steps.map(([op, kind, name = "web"]) => ({
      op,
      urn: `urn:pulumi:s::gray-release::${component}$${kind}::${name}`,
      newState: { type: kind, custom: true },
    })),
    diagnostics: warnings.map((message) => ({ severity: "warning", message })),
  };
}
const [deployment, service] = ["kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service"];
const imports = (kind: string) => preview([["import", kind]]);
const asked = (call: string) => `GRAY_ADOPT=dora-apps/web ${call}`;
const up = (stack: string) => `up --yes --skip-preview --suppress-outputs --stack ${stack}`;

describe("gray adopt", () => {
  let api: ApiServer;
  let shell: Shell;
  beforeEach(async () => {
    api = await ApiServer.start();
    shell = new Shell(api.kubeconfig);
  });
  afterEach(async () => {
    shell.remove();
    await api.stop();
  });
  const adopt = (...args: string[]) => shell.run(adoptCommand(), "web", ...args);
  const stands = (annotations: Record<string, string> = {}, namespace = "dora-apps") =>
    api.put(`/apis/apps/v1/namespaces/${namespace}/deployments/web`, {
      metadata: { name: "web", namespace, annotations },
    });
  const writeRecord = (changes: object) => {
    const record = { version: 2, cluster: "cluster-uid", sequence: 0, verdicts: {}, stableHistory: [], ...changes };
    api.put(recordPath, { metadata: { name: "web-rollout" }, data: { record: JSON.stringify(record) } });
  };
  const adopted = { release: "0123456789ab", front: { name: "web" } };
  const refused = async (sentence: RegExp, ...args: string[]) => {
    await assert.rejects(
      adopt("--yes", ...args),
      (error: Error) => error instanceof UserError && sentence.test(error.message),
    );
    assert.deepEqual(shell.calls, []);
  };

  describe("in phase 1", () => {
    beforeEach(() => {
      shell.stacks({ canary: [], prod: [] });
      stands();
    });

    it("prints what would be imported, and runs the up of stable's stack before that of canary's", async () => {
      shell.previews({ canary: imports(service), prod: imports(deployment) });
      const output = await adopt("--yes");
      assert.match(
        output,
        /^Phase 1 of 2: web is imported unchanged\. Its pods stay, and canary's pods start beside them\./,
      );
      assert.match(output, /prod +import +Deployment +web/);
      assert.match(output, /web is adopted\. From now on only pulumi may write its objects/);
      assert.match(output, /Next: gray verify, then gray adopt web -n dora-apps once/);
      assert.deepEqual(shell.calls, [asked(up("prod")), asked(up("canary"))]);
    });

    it("runs the up of one stack if that owns both tracks, and of no stack that imports nothing", async () => {
      shell.previews({
        canary: preview([]),
        prod: preview([
          ["import", deployment],
          ["import", service],
        ]),
      });
      const done = { service: "web", namespace: "dora-apps", phase: 1, stacks: ["prod"] };
      assert.deepEqual(JSON.parse(await adopt("--yes", "--json")), done);
    });

    it("continues with the other stack after one has imported its objects", async () => {
      shell.stacks({ canary: [], prod: owning(["stable"]) });
      shell.previews({ canary: imports(service) });
      await adopt("--yes");
      assert.deepEqual(shell.calls, [asked(up("canary"))]);
    });

    it("continues with a stack whose up ended before it had imported its objects", async () => {
      shell.stacks({ canary: begun(["canary"]), prod: owning(["stable"]) });
      writeRecord({ adopted });
      shell.previews({ canary: imports(service) });
      assert.match(await adopt("--yes"), /^Phase 1 of 2/);
      assert.deepEqual(shell.calls, [asked(up("canary"))]);
    });

    it("requires a namespace if the service exists in several", async () => {
      shell.stacks({ canary: owning(["canary"]), prod: owning(["stable"]), "canary-b": [], "prod-b": [] });
      stands({}, "b");
      await refused(/^Several namespaces have web \(b, dora-apps\): choose one with -n\.$/);
      const theirs = { canary: preview([]), prod: preview([]) };
      shell.previews({ ...theirs, "canary-b": imports(service), "prod-b": imports(deployment) });
      await adopt("--yes", "-n", "b");
      assert.deepEqual(shell.calls, [`GRAY_ADOPT=b/web ${up("prod-b")}`, `GRAY_ADOPT=b/web ${up("canary-b")}`]);
    });

    for (const [kind, plural] of [
      ["StatefulSet", "statefulsets"],
      ["DaemonSet", "daemonsets"],
    ] as const) {
      it(`says of a ${kind} that it cannot be adopted, and what to do`, async () => {
        shell.stacks({ canary: [], prod: [] });
        api.objects.delete("/apis/apps/v1/namespaces/dora-apps/deployments/web");
        api.put(`/apis/apps/v1/namespaces/dora-apps/${plural}/web`, {
          metadata: { name: "web", namespace: "dora-apps" },
        });
        const sentence = new RegExp(
          `^${kind} web in namespace dora-apps cannot be adopted, because gray release runs Deployments only: leave it to the tool that made it and roll it by its updateStrategy, or run its pods as a Deployment`,
        );
        await refused(sentence);
        await refused(sentence, "-n", "dora-apps");
      });
    }

    it("finds the imports of a service whose resource has another name", async () => {
      shell.stacks({ canary: [], prod: [] });
      stands();
      const described = (kind: string) => {
        const found = preview([["import", kind, "blue"]]);
        const inputs = { name: "web", namespace: "dora-apps" };
        const made = {
          op: "create",
          urn: `urn:pulumi:s::p::${component}::blue`,
          newState: { type: component, inputs },
        };
        return { ...found, steps: [...found.steps, made] };
      };
      shell.previews({ canary: described(service), prod: described(deployment) });
      assert.match(await adopt("--yes"), /^Phase 1 of 2/);
      assert.deepEqual(shell.calls, [asked(up("prod")), asked(up("canary"))]);
    });

    it("asks for confirmation, and is refused without a terminal", async () => {
      shell.previews({ canary: imports(service), prod: imports(deployment) });
      await assert.rejects(
        adopt(),
        new UserError("gray adopt asks for confirmation, but there is no terminal to ask on: add --yes."),
      );
      assert.deepEqual(shell.calls, []);
    });

    it("is refused with the error of the program", async () => {
      const error = { diagnostics: [{ severity: "error", message: "error: web cannot be adopted" }] };
      shell.previews({ canary: error, prod: imports(deployment) });
      await refused(/^pulumi preview --stack canary failed: web cannot be adopted$/);
    });

    it("is refused if two stacks would own one object, until one is chosen", async () => {
      shell.stacks({ canary: [], prod: [], eu: [] });
      shell.previews({ canary: imports(service), prod: imports(deployment), eu: imports(deployment) });
      await refused(
        /^Both prod and eu would import web, but each object has one owner: choose the owner with --stack\.$/,
      );
      await adopt("--yes", "--stack", "canary", "prod");
      assert.equal(shell.calls.length, 2);
    });

    it("is refused if no Deployment has the name, or no stack imports it", async () => {
      shell.previews({ canary: preview([["create", service]]), prod: preview([["import", deployment, "shop"]]) });
      await refused(
        /^There is no Deployment web to adopt in namespace dora-apps, or no stack of this project describes/,
      );
      api.objects.delete("/apis/apps/v1/namespaces/dora-apps/deployments/web");
      await refused(/^There is no Deployment web to adopt in the cluster, or no stack/);
    });
  });

  describe("in phase 2", () => {
    beforeEach(() => {
      shell.stacks({ canary: owning(["canary"]), prod: owning(["stable"]) });
      writeRecord({ adopted });
    });

    it("prints the roll, promotes the release, sets the weight of the front and protects stable again", async () => {
      shell.previews({ prod: preview([["replace", deployment]]) });
      api.intercept = ({ path }) => {
        if (path === recordPath && shell.calls.length > 0) writeRecord({});
        return undefined;
      };
      const output = await adopt("--yes");
      assert.match(output, /^Phase 2 of 2: stable of web rolls once, to the release that canary runs\./);
      assert.match(output, /The cluster needs room for twice the pods; if it lacks that, pulumi up waits/);
      assert.match(output, /prod +replace +Deployment +web/);
      assert.match(output, /web is under gray release: every weight, and a gateway, are available from now on\.$/);
      assert.deepEqual(shell.calls, [up("prod"), up("canary"), up("prod")]);
    });

    it("runs one stack twice if that owns both tracks", async () => {
      shell.stacks({ all: owning(["stable", "canary"]) });
      shell.previews({ all: preview([["replace", deployment]]) });
      await assert.rejects(adopt("--yes"));
      assert.deepEqual(shell.calls, [up("all"), up("all")]);
    });

    it("fails if stable was not promoted after all", async () => {
      stands({ "gray-release/adopted": "0123456789ab" });
      shell.previews({ prod: preview([]) });
      await assert.rejects(
        adopt("--yes"),
        /^UserError: Stable of web still runs the adopted version: run pulumi config rm release --stack prod/,
      );
    });

    it("fails if adopted pods still serve beside those of stable", async () => {
      stands();
      shell.previews({ prod: preview([]) });
      await assert.rejects(
        adopt("--yes"),
        /^UserError: The adopted pods of web still serve, because .* run gray adopt web -n dora-apps\.$/,
      );
    });

    it("is refused if a stack is deployed on another cluster", async () => {
      shell.stacks({ canary: owning(["canary"]), prod: owning(["stable"], "dora-apps", "other-uid") });
      await refused(
        /^Stack prod is deployed on the cluster with UID other-uid, but this one is cluster-uid: choose .* KUBECONFIG\.$/,
      );
    });

    it("is refused before any change if the gate refuses the release", async () => {
      const warning = "web stable: release x is refused. This is a preview; up would stop here.";
      shell.previews({ prod: preview([["replace", deployment]], [`warning: ${warning}`]) });
      await refused(new RegExp(`^${warning}$`));
      shell.stacks({ prod: owning(["stable", "canary"]) });
      shell.previews({ prod: preview([], ["web stable stays at y. web stable: release x is refused."]) });
      await refused(/^web stable stays at y/);
    });

    it("is not complete if only the record is lost", async () => {
      api.objects.delete(recordPath);
      stands({ "gray-release/adopted": "0123456789ab" });
      shell.previews({ prod: { diagnostics: [{ severity: "error", message: "error: the record does not say so" }] } });
      await refused(/^the record does not say so$/);
    });

    it("is complete once no adopted pod serves", async () => {
      writeRecord({});
      await refused(/^web has nothing left to adopt: release it with gray rollout or pulumi up\.$/);
    });
  });
});
