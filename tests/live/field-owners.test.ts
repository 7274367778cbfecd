import assert from "node:assert/strict";
import fc from "fast-check";
import type { FieldOwner } from "../../kubernetes/objects/metadata.ts";
import type { Path } from "../../live/difference.ts";
import { isOwned, ownersForNextApply } from "../../live/field-owners.ts";

const web = { key: { name: "web" } };
const inTemplate = (fields: object) => ({ "f:spec": { "f:template": { "f:spec": fields } } }) as FieldOwner["fieldsV1"];
const entry = (manager: string, operation: string, fields: object, time = "2026-01-01T00:00:00Z"): FieldOwner => ({
  ...{ manager, operation, apiVersion: "apps/v1", fieldsType: "FieldsV1", time },
  fieldsV1: inTemplate(fields) ?? {},
});
const name = "f:serviceAccountName";
const fields: Path[] = [
  ["spec", "serviceAccount"],
  ["spec", "serviceAccountName"],
];
const left = { "f:serviceAccount": {}, [name]: {} };

describe("fields that the next apply removes", () => {
  it("are owned by before-first-apply, which the provider takes over, and by the last manager that applied", () => {
    const ours = entry("pulumi-1", "Apply", { [name]: {}, "f:dnsPolicy": {} });
    const [applied, before, ...others] = ownersForNextApply([ours], fields) ?? [];
    assert.deepEqual(applied, ours);
    assert.deepEqual(others, []);
    const { fieldsV1, ...about } = before ?? {};
    assert.deepEqual(fieldsV1, inTemplate(left));
    assert.deepEqual(about, {
      ...{ manager: "before-first-apply", operation: "Update", apiVersion: "apps/v1", fieldsType: "FieldsV1" },
    });
  });

  it("are taken from all other managers, also from one that applied earlier, and no other field is", () => {
    const other = { ...entry("kubectl-edit", "Update", { [name]: {}, "f:dnsPolicy": {} }) };
    const former = entry("pulumi-0", "Apply", { [name]: {}, "f:nodeName": {} }, "2025-01-01T00:00:00Z");
    const only = entry("kubectl-set", "Update", { [name]: {} });
    const status = { manager: "kube-controller-manager", operation: "Update", subresource: "status" };
    const ours = entry("pulumi-1", "Apply", { "f:containers": {} });
    const after = ownersForNextApply([former, ours, other, only, status], fields) ?? [];
    assert.deepEqual(
      after.slice(0, -1).map(({ manager, fieldsV1 }) => [manager, fieldsV1]),
      [
        ["pulumi-0", inTemplate({ "f:nodeName": {} })],
        ["pulumi-1", inTemplate({ "f:containers": {} })],
        ["kubectl-edit", inTemplate({ "f:dnsPolicy": {} })],
        ["kube-controller-manager", undefined],
      ],
    );
  });

  it("may be items of lists, with their keys sorted by name and all fields in them", () => {
    const port: Path = [
      "spec",
      "containers",
      web,
      "ports",
      { key: { protocol: "TCP", containerPort: 80 } },
      "hostPort",
    ];
    const item = 'k:{"name":"web"}';
    const after = ownersForNextApply(
      [
        entry("pulumi-1", "Apply", {}),
        entry("kubectl", "Update", {
          "f:containers": { [item]: { ".": {}, "f:env": { 'k:{"name":"A"}': { ".": {} } } } },
        }),
      ],
      [port, ["spec", "containers", web, "env"]],
    );
    assert.deepEqual(after?.at(-1)?.fieldsV1, {
      ...inTemplate({
        "f:containers": {
          [item]: { "f:env": {}, "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { "f:hostPort": {} } } },
        },
      }),
    });
    assert.deepEqual(after?.at(-2)?.fieldsV1, inTemplate({ "f:containers": { [item]: { ".": {} } } }));
  });

  it("are added to those that before-first-apply owns already", () => {
    const before = entry("before-first-apply", "Update", { "f:hostNetwork": {}, [name]: { "f:x": {} } });
    const after = ownersForNextApply([before, entry("pulumi-1", "Apply", {})], fields) ?? [];
    assert.deepEqual(after.at(-1)?.fieldsV1, {
      ...inTemplate({ "f:hostNetwork": {}, "f:serviceAccount": {}, [name]: { ".": {}, "f:x": {} } }),
    });
    assert.equal(after.length, 2);
  });

  it("stay with the last manager that applied, whatever the order of the owners", () => {
    const ours = (manager: string, time?: string) => {
      const { time: _, ...owner } = entry(manager, "Apply", { [name]: {} });
      return time === undefined ? owner : { ...owner, time };
    };
    const [older, newer] = [ours("old", "2025-01-01T00:00:00Z"), ours("new", "2026-01-01T00:00:00Z")];
    const keeps = (...owners: FieldOwner[]) => ownersForNextApply(owners, fields)?.map(({ manager }) => manager);
    assert.deepEqual(keeps(older, newer), ["new", "before-first-apply"]);
    assert.deepEqual(keeps(newer, older), ["new", "before-first-apply"]);
    assert.deepEqual(keeps(ours("old"), ours("new")), ["new", "before-first-apply"]);
  });

  it("are taken from before-first-apply if it applied itself, or wrote the status", () => {
    const applied = entry("before-first-apply", "Apply", { [name]: {}, "f:y": {} }, "2025-01-01T00:00:00Z");
    const status = { ...entry("before-first-apply", "Update", { [name]: {} }), subresource: "status" };
    const after = ownersForNextApply([applied, status, entry("pulumi-1", "Apply", { "f:x": {} })], fields);
    assert.deepEqual(
      after?.map(({ manager, fieldsV1 }) => [manager, fieldsV1]),
      [
        ["before-first-apply", inTemplate({ "f:y": {} })],
        ["pulumi-1", inTemplate({ "f:x": {} })],
        ["before-first-apply", inTemplate(left)],
      ],
    );
  });

  it("are undefined if no manager applies", () => {
    assert.equal(ownersForNextApply([], fields), undefined);
    assert.equal(ownersForNextApply([entry("kubectl", "Update", {})], fields), undefined);
  });

  it("are the only fields taken from an owner, for any owners", () => {
    const step = fc.constantFrom("f:a", "f:b", "f:c");
    const tree = fc.letrec<{ tree: object }>((tie) => ({
      tree: fc.dictionary(step, fc.oneof({ maxDepth: 3 }, fc.constant({}), tie("tree")), { minKeys: 1, maxKeys: 3 }),
    })).tree;
    const path = fc.array(step, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 4 }), path, (trees, steps) => {
        const owners = trees.map((fields, i) => entry(`m${i}`, "Update", fields));
        const after = ownersForNextApply(
          [...owners, entry("pulumi-1", "Apply", {})],
          [["spec", ...steps.map((each) => each.slice(2))]],
        );
        const full = ["f:spec", "f:template", "f:spec", ...steps];
        for (const [i, owner] of owners.entries()) {
          const kept = leavesOf(after?.find(({ manager }) => manager === `m${i}`)?.fieldsV1 ?? {});
          const expected = leavesOf(owner.fieldsV1 ?? {}).filter((leaf) => !isUnder(leaf, full));
          assert.deepEqual(kept.toSorted(), expected.toSorted());
        }
      }),
    );
  });
});

describe("a field of a pod template is owned", () => {
  const image: Path = ["spec", "containers", web, "image"];
  const item = 'k:{"name":"web"}';
  const containers = (fields: object) => ({ "f:containers": { [item]: fields } });
  for (const [sentence, owners, field, expected] of [
    ["if a manager owns it", [entry("a", "Update", containers({ "f:image": {} }))], image, true],
    [
      "if one of several managers owns it",
      [entry("a", "Update", { [name]: {} }), entry("b", "Update", containers({ "f:image": {} }))],
      image,
      true,
    ],
    ["not if all managers own other fields", [entry("a", "Update", containers({ "f:name": {} }))], image, false],
    ["not if a manager owns another item", [entry("a", "Update", { "f:containers": { "k:{}": {} } })], image, false],
    ["if a manager owns all that it is in", [entry("a", "Update", { "f:containers": {} })], image, true],
    ["if a manager owns a part of it", [entry("a", "Update", containers({ "f:image": {} }))], image.slice(0, 2), true],
    ["if no owners are stored", [], image, true],
    [
      "if the owners that are stored own nothing of the template",
      [{ ...entry("a", "Update", {}), fieldsV1: { "f:spec": { "f:replicas": {} } } }],
      image,
      true,
    ],
    ["if the only owner has no fields", [{ manager: "a", operation: "Update" }], image, true],
    [
      "not if beside an owner without fields another one owns other fields",
      [{ manager: "a", operation: "Update" }, entry("b", "Update", { [name]: {} })],
      image,
      false,
    ],
    ...[
      { protocol: "TCP", containerPort: 80 },
      { containerPort: 80, protocol: "TCP" },
    ].map((key) => [
      `by the keys of its item in the order ${Object.keys(key)}`,
      [entry("a", "Update", { "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { "f:hostPort": {} } } })],
      ["spec", "ports", { key }, "hostPort"],
      true,
    ]),
  ] as [string, FieldOwner[], Path, boolean][]) {
    it(sentence, () => assert.equal(isOwned(owners, field), expected));
  }
});

function leavesOf(fields: object, at: readonly string[] = []): string[] {
  const entries = Object.entries(fields);
  if (at.length === 0 && entries.length === 0) return [];
  return entries.length === 0 ? [at.join("/")] : entries.flatMap(([key, inside]) => leavesOf(inside, [...at, key]));
}

function isUnder(leaf: string, path: readonly string[]): boolean {
  return `${leaf}/`.startsWith(`${path.join("/")}/`);
}
