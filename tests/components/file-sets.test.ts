import assert from "node:assert/strict";
import { configMapsOf, type ReleaseArgs, renderRelease } from "../../components/release.ts";
import { assertServiceArgs } from "../../components/service-args.ts";
import { serviceArgs } from "./fop-gate.ts";

const render = (configFiles: ReleaseArgs["configFiles"] = {}, changes: Partial<ReleaseArgs> = {}) =>
  renderRelease("web", { app: "web" }, { ...serviceArgs(), ...changes, configFiles });

describe("the file sets of a release", () => {
  it("become the environment variables of a container, by the ConfigMap of their content", () => {
    const { template, configMaps } = render({ settings: { files: { LEVEL: "info" }, env: true } });
    const [name] = Object.keys(configMaps);
    assert.match(name ?? "", /^web-settings-[0-9a-f]{10}$/);
    assert.deepEqual(template.spec.containers[0]?.envFrom, [{ configMapRef: { name } }]);
    assert.equal(template.spec.volumes, undefined);
    assert.equal("volumeMounts" in (template.spec.containers[0] ?? {}), false);
    assert.deepEqual(configMapsOf(template.spec), [name]);
  });

  it("are another release with another value", () => {
    const id = (LEVEL: string) => render({ settings: { files: { LEVEL }, env: true } }).id;
    assert.notEqual(id("info"), id("debug"));
  });

  it("come after the container's own sources, so that the sets take precedence", () => {
    const { containers } = serviceArgs();
    const own = { secretRef: { name: "web" } };
    const { template } = render(
      { a: { files: { A: "1" }, env: true } },
      { containers: containers.map((each) => ({ ...each, envFrom: [own] })) },
    );
    assert.deepEqual(template.spec.containers[0]?.envFrom?.[0], own);
    assert.equal(template.spec.containers[0]?.envFrom?.length, 2);
  });

  it("may be files and variables at once, and go to the named containers", () => {
    const sidecars = [{ name: "agent", image: "agent:1" }];
    const { template } = render(
      { both: { files: { A: "1" }, mountPath: "/etc/a", env: true, containers: ["agent"] } },
      { sidecars },
    );
    const agent = template.spec.initContainers?.[0];
    assert.deepEqual([agent?.envFrom?.length, agent?.volumeMounts?.length], [1, 1]);
    assert.equal("envFrom" in (template.spec.containers[0] ?? {}), false);
    assert.equal(configMapsOf({ initContainers: [agent ?? assert.fail()] }).length, 1);
  });

  it("leave a release as it was without env", () => {
    const files = { "a.conf": "1" };
    assert.equal(
      render({ a: { files, mountPath: "/etc/a" } }).id,
      render({ a: { files, mountPath: "/etc/a", env: false } }).id,
    );
  });

  for (const [what, configFiles, sentence] of [
    [
      "a name that Kubernetes leaves out",
      { a: { files: { "1ST": "x" }, env: true } },
      /^UserError: web: configFiles\.a\.files\.1ST cannot be an environment variable, because Kubernetes leaves out/,
    ],
    [
      "bytes",
      { a: { files: { KEY: { base64: "/wA=" } }, env: true } },
      /^UserError: web: configFiles\.a\.files\.KEY cannot be an environment variable, because it is no UTF-8 text/,
    ],
    [
      "a variable in two sets of a container",
      { a: { files: { KEY: "1" }, env: true }, b: { files: { KEY: "2" }, env: true } },
      /^UserError: web: configFiles\.b\.files\.KEY is a variable of the set "a" too: give it in one of them\.$/,
    ],
  ] as const) {
    it(`refuse as variables ${what}`, () => assert.throws(() => render(configFiles), sentence));
  }

  it("need a place: a path, or the environment", () => {
    const check = (set: object) =>
      assertServiceArgs("web", serviceArgs({ configFiles: { a: { files: { A: "1" }, ...set } } }));
    assert.throws(
      () => check({}),
      /^UserError: web: configFiles\.a\.mountPath is missing: set it, or env: true if the files are environment variables\.$/,
    );
    assert.throws(() => check({ env: false }), /mountPath is missing/);
    assert.doesNotThrow(() => check({ env: true }));
  });
});
