import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson } from "../../components/canonical.ts";
import { renderRelease } from "../../components/release.ts";
import {
  assertSecretsUsed,
  type SecretSpec,
  secretReferences,
  withSecretNames,
} from "../../components/secret-references.ts";
import { serviceArgs } from "./fop-gate.ts";

const everywhere = {
  nodeSelector: { db: "db" },
  initContainers: [{ name: "db", envFrom: [{ secretRef: { name: "db" } }, { configMapRef: { name: "db" } }] }],
  containers: [
    {
      name: "db",
      env: [
        { name: "A", valueFrom: { secretKeyRef: { name: "db", key: "a" } } },
        { name: "B", valueFrom: { secretKeyRef: { name: "other", key: "b", optional: true } } },
        { name: "C", valueFrom: { configMapKeyRef: { name: "db", key: "a" } } },
        { name: "db", value: "db" },
      ],
      envFrom: [{ secretRef: { name: "other", optional: true }, prefix: "X" }],
    },
  ],
  volumes: [
    { name: "db", secret: { secretName: "db", items: [{ key: "c", path: "db" }] } },
    {
      name: "all",
      projected: {
        sources: [{ secret: { name: "db", items: [{ key: "d", path: "d" }] } }, { configMap: { name: "db" } }],
      },
    },
    { name: "config", configMap: { name: "db" } },
  ],
};

describe("the Secrets to which a pod refers", () => {
  it("are those of variables, sources of variables, volumes and projected volumes", () => {
    assert.deepEqual(secretReferences(everywhere), [
      { name: "db", keys: [], isOptional: false },
      { name: "db", keys: ["a"], isOptional: false },
      { name: "other", keys: ["b"], isOptional: true },
      { name: "other", keys: [], isOptional: true },
      { name: "db", keys: ["c"], isOptional: false },
      { name: "db", keys: ["d"], isOptional: false },
    ]);
    assert.deepEqual(secretReferences({}), []);
  });

  it("get their names in the cluster, and nothing else changes", () => {
    const renamed = withSecretNames(everywhere, { db: "web-db" });
    const expected = JSON.parse(
      JSON.stringify(everywhere)
        .replaceAll('"secretRef":{"name":"db"', '"secretRef":{"name":"web-db"')
        .replaceAll('"secretKeyRef":{"name":"db"', '"secretKeyRef":{"name":"web-db"')
        .replaceAll('"secretName":"db"', '"secretName":"web-db"')
        .replaceAll('"secret":{"name":"db"', '"secret":{"name":"web-db"'),
    );
    assert.deepEqual(renamed, expected);
  });

  it("stay in a spec that names none of the arguments, so that the release keeps its id", () => {
    const name = fc.constantFrom("a", "b", "constructor", "__proto__");
    const spec = fc.record(
      {
        containers: fc.array(
          fc.record(
            { name, envFrom: fc.array(fc.record({ secretRef: fc.record({ name }, { requiredKeys: [] }) })) },
            { requiredKeys: ["name"] },
          ),
        ),
        volumes: fc.array(fc.record({ name, secret: fc.record({ secretName: name }) }, { requiredKeys: ["name"] })),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(spec, (one) =>
        assert.equal(canonicalJson(withSecretNames(one as SecretSpec, { other: "web-other" })), canonicalJson(one)),
      ),
    );
  });

  it("are part of the release by their names alone", () => {
    const args = serviceArgs({ volumes: [{ name: "db", secret: { secretName: "db" } }] });
    const idOf = (name: string) => renderRelease("web", {}, args, { db: name }).id;
    assert.equal(idOf("web-db-1"), idOf("web-db-1"));
    assert.notEqual(idOf("web-db-1"), idOf("web-db-2"));
    assert.equal(renderRelease("web", {}, args).id, idOf("db"));
  });
});

describe("a Secret of the arguments", () => {
  it("must be named by the pod, with a key that it has", () => {
    const check = (keysOf: Parameters<typeof assertSecretsUsed>[2]) => assertSecretsUsed("web", everywhere, keysOf);
    check({ db: ["a", "c", "d"], other: [] });
    check({ db: undefined });
    assert.throws(
      () => check({ third: ["a"] }),
      /^UserError: web: no container and no volume names secrets\.third: name it with secretKeyRef, secretRef or a volume, or remove it\.$/,
    );
    assert.throws(
      () => check({ db: ["a", "d"] }),
      /^UserError: web: the pod needs the key c of secrets\.db, which has a, d: correct the key\.$/,
    );
  });
});
