import assert from "node:assert/strict";
import { get, kubectl, namespace as makeNamespace } from "../../harness/kubectl.ts";
import { Project } from "../../harness/project.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";

/** A program with two services that each own both tracks in one stack. */
function program(second: { name: string; namespace: string }): string {
  return `
import { CanaryService } from "./components/canary-service.ts";
import type { ServiceArgs } from "./components/service-args.ts";
import { openRollout } from "./gate/open.ts";
import { existsSync, readFileSync } from "node:fs";

const image = (name: string) => readFileSync(name + ".image", "utf8");
const describe = (namespace: string, image: string): ServiceArgs => ({
  namespace,
  replicas: 1,
  weight: 50,
  minReadySeconds: 0,
  containers: [{
    name: "app", image, ports: [{ name: "http", containerPort: 8080 }],
    readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 1 },
  }],
  ports: [{ port: 80, targetPort: "http" }],
});
const first = describe("two-a", image("first"));
const second = describe("${second.namespace}", image("second"));
const [one, two] = await Promise.all([openRollout("one", first), openRollout("${second.name}", second)]);
new CanaryService("one", { ...first, rollout: one });
new CanaryService("${second.name}", { ...second, rollout: two });
`;
}

for (const second of [
  { name: "two", namespace: "two-a" },
  { name: "two", namespace: "two-b" },
]) {
  const where = second.namespace === "two-a" ? "one namespace" : "two namespaces";
  describe(`two services in one program, in ${where}`, () => {
    let project: Project;
    const release = async (name: string, namespace: string) =>
      (await get(namespace, "deployment", name)).spec.template.metadata.labels.release;

    before(async () => {
      for (const name of ["two-a", "two-b"]) await makeNamespace(name);
      project = await Project.create();
      project.write("index.ts", program(second));
      project.write("first.image", RELEASE_IMAGES.A);
      project.write("second.image", RELEASE_IMAGES.A);
      await project.mustUp("canary");
    });
    after(async () => {
      await project.end();
      for (const name of ["two-a", "two-b"]) await kubectl(["delete", "namespace", name]);
    });

    it("have their own histories, gates and records", async () => {
      const before = { one: await release("one", "two-a"), other: await release(second.name, second.namespace) };
      project.write("second.image", RELEASE_IMAGES.B);
      await project.mustUp("canary");
      assert.equal(await release("one-canary", "two-a"), before.one);
      const tried = await release(`${second.name}-canary`, second.namespace);
      assert.notEqual(tried, before.other);
      assert.equal(await release(second.name, second.namespace), before.other);
      const approved = await project.gray(
        "approve",
        tried,
        "--reason",
        "a test",
        "--service",
        second.name,
        "-n",
        second.namespace,
      );
      assert.equal(approved.code, 0, approved.output);
      await project.mustUp("canary");
      assert.equal(await release(second.name, second.namespace), tried);
      assert.equal(await release("one", "two-a"), before.one);
      const record = async (name: string, namespace: string) =>
        JSON.parse((await get(namespace, "configmap", `${name}-rollout`)).data.record);
      assert.deepEqual((await record("one", "two-a")).stableHistory, [before.one]);
      assert.deepEqual((await record(second.name, second.namespace)).stableHistory, [before.other, tried]);
    });
  });
}
