import assert from "node:assert/strict";
import fc from "fast-check";
import { type PodSpec, renderRelease } from "../../components/release.ts";
import { describePod } from "../../describe/pod.ts";
import { withoutDefaults } from "../../describe/server-defaults.ts";
import { runs } from "../long.ts";
import { anyPod, stored } from "./any-pod.ts";
import { container, labels } from "./live.ts";

const context = { targetPort: "http" };
const describePodOf = (spec: object, metadata = {}, more = {}) =>
  describePod({ metadata: { labels, ...metadata }, spec: spec as PodSpec }, { ...context, ...more });

/** The paths of all fields in a value. */
function fieldsIn(value: unknown): string[] {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([field, inside]) => [
    field,
    ...fieldsIn(inside).map((rest) => `${field}.${rest}`),
  ]);
}

describe("the description of a pod", () => {
  it("renders the live template, for any pod", () => {
    fc.assert(
      fc.property(anyPod, ({ stored: live }) => {
        const { args, remarks } = describePodOf(live, { annotations: { team: "dora" } });
        const { template } = renderRelease("web", labels, args);
        assert.deepEqual(stored(template.spec as unknown as Record<string, unknown>), live);
        assert.deepEqual(template.metadata, { labels, annotations: { team: "dora" } });
        assert.deepEqual(remarks, []);
      }),
      { numRuns: runs(2000) },
    );
  });

  it("has no field that only the API server has written", () => {
    fc.assert(
      fc.property(anyPod, ({ written, stored: live }) => {
        const plain = withoutDefaults(live as unknown as PodSpec);
        const known = new Set([...fieldsIn(written), "terminationGracePeriodSeconds"]);
        assert.deepEqual(
          fieldsIn(plain).filter((field) => !known.has(field)),
          [],
        );
      }),
      { numRuns: runs(500) },
    );
  });

  for (const [image, pullPolicy, isDefault] of [
    ["web:1", "IfNotPresent", true],
    ["web:1", "Always", false],
    ["web:latest", "Always", true],
    ["web", "Always", true],
    ["registry:5000/web", "Always", true],
    [`web@sha256:${"0".repeat(64)}`, "IfNotPresent", true],
    [`web:latest@sha256:${"0".repeat(64)}`, "Always", true],
  ] as const) {
    it(`${isDefault ? "leaves out" : "keeps"} imagePullPolicy ${pullPolicy} of ${image}`, () => {
      const { containers } = withoutDefaults({ containers: [{ name: "web", image, imagePullPolicy: pullPolicy }] });
      assert.deepEqual(containers, [{ name: "web", image, ...(!isDefault && { imagePullPolicy: pullPolicy }) }]);
    });
  }

  it("reports the preStop that a release adds", () => {
    const { lifecycle: _, ...without } = container;
    const { remarks } = describePodOf({ containers: [container, { ...without, name: "agent" }] });
    assert.deepEqual(
      remarks.map(({ kind, what }) => [kind, what]),
      [["differs", "container agent"]],
    );
  });

  it("reports an entry that the live pods have twice and up would refuse", () => {
    const twice = {
      ...container,
      env: [
        { name: "A", value: "1" },
        { name: "A", value: "2" },
      ],
    };
    const { remarks } = describePodOf({ containers: [container], initContainers: [{ ...twice, name: "migrate" }] });
    assert.match(
      JSON.stringify(remarks),
      /"not-described","what":"container migrate: env A","why":"it stands there twice/,
    );
  });

  it("puts the container behind the Service first if the live first one has no readinessProbe", () => {
    const { readinessProbe: _, ports: __, ...agent } = container;
    const { args, remarks } = describePodOf({ containers: [{ ...agent, name: "agent" }, container] });
    assert.deepEqual(
      args.containers.map(({ name }) => name),
      ["app", "agent"],
    );
    assert.match(remarks[0]?.why ?? "", /comes first/);
  });

  it("takes a readinessProbe that is given for a container that has none, and no other", () => {
    const { readinessProbe: _, ...without } = container;
    const added = describePodOf({ containers: [without] }, {}, { readiness: "/ready" });
    assert.deepEqual(added.args.containers[0]?.readinessProbe, { httpGet: { path: "/ready", port: "http" } });
    assert.match(added.remarks[0]?.why ?? "", /readinessProbe that you gave/);
    const kept = describePodOf({ containers: [container] }, {}, { readiness: "/ready" });
    assert.deepEqual(kept.args.containers[0]?.readinessProbe, { httpGet: { path: "/healthz", port: "http" } });
  });
});
