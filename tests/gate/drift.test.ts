import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ServiceArgs } from "../../components/service-args.ts";
import type { ApiObject } from "../fake/api-server.ts";
import { withoutSleep } from "../fake/sleep.ts";
import { twoStacks } from "../fake/two-stacks.ts";
import { canary, image, prod } from "../fake/web.ts";
import { World } from "../fake/world.ts";

const templates = "/api/v1/namespaces/dora-apps/configmaps/web-templates";
const deployments = "/apis/apps/v1/namespaces/dora-apps/deployments/";

describe("a release that is deployed without other fields", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  const { approve, install, now, record } = twoStacks(() => world);

  const withAccount: Partial<ServiceArgs> = { pod: { serviceAccountName: "b" } };
  const podOf = (name: string) => world.deployment(name).spec.template.spec;
  const sequenceOf = (name: string) => world.deployment(name).metadata.annotations?.["gray-release/seq"];
  const refuse = (
    status: number,
    message: string,
    isRefused: (query: URLSearchParams, operations: string) => boolean,
  ) => {
    world.api.intercept = ({ method, path, query, operations }) =>
      method === "PATCH" && path.startsWith(deployments) && isRefused(query, JSON.stringify(operations))
        ? { status, body: { message } }
        : undefined;
  };
  /** Release A on both tracks, then B, which brings a ServiceAccount, on both. */
  const releaseB = async () => {
    const a = await install();
    const first = structuredClone(podOf("web"));
    await world.up("canary", canary("b", withAccount));
    approve(now());
    await world.up("prod", prod("b", withAccount));
    assert.deepEqual([podOf("web").serviceAccountName, podOf("web-canary").serviceAccountName], ["b", "b"]);
    return { a, b: now(), first };
  };

  it("keeps no field of the previous release, on either track", async () => {
    const { a, first } = await releaseB();
    await world.up("canary", canary("b", { ...withAccount, release: a }));
    const { warnings } = await world.up("prod", prod("b", { ...withAccount, release: a }));
    assert.deepEqual([podOf("web"), podOf("web-canary")], [first, first]);
    assert.deepEqual([world.runs("web"), record().stableHistory.at(-1)], [a, a]);
    assert.doesNotMatch(warnings.join(), /differs from release/);
  });

  it("is written again if an earlier version left a field of another release", async () => {
    const { a, first } = await releaseB();
    Object.assign(podOf("web"), { containers: first.containers, volumes: first.volumes });
    world.deployment("web").spec.template.metadata.labels.release = a;
    const before = Number(sequenceOf("web"));
    const { warnings } = await world.up("prod", prod("b", { ...withAccount, release: a }));
    assert.match(warnings.join(), new RegExp(`web stable: Deployment web differs from release ${a}: spec\\.template`));
    assert.deepEqual([podOf("web"), Number(sequenceOf("web"))], [first, before + 1]);
  });

  it("is not recorded as complete if a field of another release stays, and the warning names the field", async () => {
    const { a, b } = await releaseB();
    refuse(403, "no right", (_, operations) => operations.includes("managedFields"));
    const { warnings } = await world.up("prod", prod("b", { ...withAccount, release: a }));
    world.api.intercept = () => undefined;
    assert.match(
      warnings.join("\n"),
      /web: fields of Deployment web in namespace dora-apps that the release leaves out may stay \(no right/,
    );
    assert.match(
      warnings.join("\n"),
      new RegExp(
        `web stable: Deployment web rolled and differs from release ${a}: spec\\.template\\.spec\\.serviceAccountName is "b" and not in the release\\. See who`,
      ),
    );
    assert.equal(record().stableHistory.at(-1), b);
    const events = [...world.api.objects.values()].filter(({ reason }) => reason === "ReleaseDrifted");
    assert.deepEqual(
      events.map(({ involvedObject, message }) => [involvedObject.name, /serviceAccountName is "b"/.test(message)]),
      [["web", true]],
    );
    await world.up("prod", prod("b", { ...withAccount, release: a }));
    assert.deepEqual([podOf("web").serviceAccountName, record().stableHistory.at(-1)], [undefined, a]);
  });

  it("is deployed even if it cannot be compared, with a warning", async () => {
    const { a } = await releaseB();
    refuse(400, "a webhook does not support dry run", (query) => query.get("dryRun") === "All");
    const { warnings } = await world.up("prod", prod("b", { ...withAccount, release: a }));
    world.api.intercept = () => undefined;
    assert.equal(world.runs("web"), a);
    assert.match(
      warnings.join("\n"),
      new RegExp(
        `web stable: Deployment web could not be compared with release ${a} \\(a webhook does not support dry run`,
      ),
    );
    assert.equal(record().stableHistory.at(-1), a);
  });

  it("is deployed even if its template cannot be stored, with a warning", async () => {
    await install();
    world.api.objects.delete(templates);
    world.api.intercept = ({ method, path }) =>
      method !== "GET" && (path === templates || path.endsWith("/configmaps"))
        ? { status: 403, body: { message: "no right" } }
        : undefined;
    const { warnings } = await world.up("prod", prod("a"));
    world.api.intercept = () => undefined;
    assert.match(warnings.join(), /the template of release [0-9a-f]{12} could not be stored \(no right/);
  });

  it("is stored for later comparisons without the values of its variables and arguments", async () => {
    await install();
    const [container] = image("b");
    const secrets = { args: ["--password=s3cret-1"], env: [{ name: "KEY", value: "s3cret-2" }] };
    await world.up("canary", canary("b", { containers: [{ ...container, ...secrets }] as ServiceArgs["containers"] }));
    assert.match(JSON.stringify(podOf("web-canary")), /s3cret-1.*s3cret-2/);
    const kept = JSON.stringify(world.api.objects.get(templates)?.data);
    for (const plain of ["web:b", "KEY"]) assert.ok(kept.includes(plain), plain);
    assert.doesNotMatch(kept, /s3cret/);
  });

  it("is written again by the next up if it was changed without the program", async () => {
    await install();
    const before = Number(sequenceOf("web"));
    podOf("web").containers[0].image = "web:evil";
    podOf("web-canary").containers[0].env = [{ name: "KEY", value: "s3cret" }];
    world.api.objects.delete(templates);
    const looked = await world.up("prod", prod("a"), { preview: true });
    assert.equal(world.api.objects.has(templates), false);
    assert.match(
      looked.warnings.join(),
      /containers\[web\]\.image is "web:evil" and the release has "web:a"\. This up/,
    );
    assert.equal(podOf("web").containers[0].image, "web:evil");
    await world.up("prod", prod("a"));
    assert.deepEqual([podOf("web").containers[0].image, Number(sequenceOf("web"))], ["web:a", before + 1]);
    const { warnings } = await world.up("canary", canary("a"));
    assert.match(warnings.join(), /web canary: .*containers\[web\]\.env\[KEY\] is set and not in the release\./);
    assert.doesNotMatch(warnings.join(), /s3cret/);
    assert.equal(podOf("web-canary").containers[0].env, undefined);
    assert.deepEqual((await world.up("canary", canary("a"))).warnings, []);
  });

  it("is not written again after a restart by kubectl", async () => {
    await install();
    const before = sequenceOf("web");
    world.deployment("web").spec.template.metadata.annotations = { "kubectl.kubernetes.io/restartedAt": "2026" };
    const { warnings } = await world.up("prod", prod("a"));
    assert.deepEqual([warnings, sequenceOf("web")], [[], before]);
  });

  it("is not recorded as complete by an up that finds all pods available and drift", async () => {
    await install();
    world.writeRecord({ stableHistory: [] }, "web");
    podOf("web").containers[0].image = "web:evil";
    const restore = withoutSleep();
    try {
      const status = { web: { availableReplicas: 0, conditions: [stuck] } };
      await assert.rejects(world.up("prod", prod("a"), { status }), /did not complete its roll/);
    } finally {
      restore();
    }
    assert.deepEqual(record().stableHistory, []);
  });
});

const stuck = { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" };

describe("an upgrade of gray-release", () => {
  it("does not change a Deployment that version 0.1.0 created, including the API server's defaults", async () => {
    const world = await World.start();
    try {
      const made = JSON.parse(readFileSync(join(import.meta.dirname, "../fake/made-by-0.1.0.json"), "utf8"));
      world.goTo({
        held: { objects: new Map(Object.entries(made.objects)), version: made.version },
        outputs: new Map(Object.entries(made.outputs)),
        made: new Map(Object.entries<string[]>(made.made).map(([stack, paths]) => [stack, new Set(paths)])),
        inputs: new Map(Object.entries(made.inputs)),
        stashes: new Map(),
      });
      world.api.admit = withDefaults;
      for (const name of ["web", "web-canary"])
        Object.assign(world.deployment(name), withDefaults(world.deployment(name)));
      const state = () =>
        ["web", "web-canary"].map((name) => {
          const { metadata, spec } = world.deployment(name);
          return structuredClone({ sequence: metadata.annotations?.["gray-release/seq"], template: spec.template });
        });
      const before = state();
      for (const [stack, program] of [
        ["canary", canary("c")],
        ["prod", prod("b", { release: "current" })],
      ] as const) {
        assert.deepEqual((await world.up(stack, program, { preview: true })).warnings.filter(isDrift), []);
        assert.deepEqual((await world.up(stack, program)).warnings.filter(isDrift), []);
      }
      // The fake cluster stores exactly what is written; a real one adds defaults.
      for (const name of ["web", "web-canary"])
        Object.assign(world.deployment(name), withDefaults(world.deployment(name)));
      assert.deepEqual(state(), before);
    } finally {
      await world.stop();
    }
  });
});

const isDrift = (warning: string) => /differs from release|compared/.test(warning);

/** The object with the defaults that the API server puts into a pod template, if it has one. */
function withDefaults(object: ApiObject): ApiObject {
  if (object.spec?.template === undefined) return object;
  const { template } = structuredClone(object.spec);
  const { spec } = template;
  Object.assign(template.metadata, { creationTimestamp: null });
  for (const container of spec.containers) {
    Object.assign(container, {
      ...{ imagePullPolicy: "IfNotPresent", resources: {}, terminationMessagePath: "/dev/termination-log" },
      terminationMessagePolicy: "File",
    });
    Object.assign(container.readinessProbe, { timeoutSeconds: 1, periodSeconds: 10, failureThreshold: 3 });
  }
  for (const volume of spec.volumes) Object.assign(volume.configMap, { defaultMode: 420 });
  Object.assign(spec, { dnsPolicy: "ClusterFirst", restartPolicy: "Always", securityContext: {} });
  Object.assign(spec, { schedulerName: "default-scheduler" });
  return { ...object, spec: { ...object.spec, template } };
}
