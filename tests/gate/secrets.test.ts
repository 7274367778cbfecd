import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { CanaryService } from "../../components/canary-service.ts";
import type { Release } from "../../components/release.ts";
import type { SecretArgs } from "../../components/secret-args.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { secretsToKeep } from "../../gate/secrets.ts";
import { serviceArgs } from "../components/fop-gate.ts";
import type { Run } from "../fake/engine.ts";
import { twoStacks } from "../fake/two-stacks.ts";
import { both, canary, image, prod, web } from "../fake/web.ts";
import { verdict, World } from "../fake/world.ts";

const folder = "/api/v1/namespaces/dora-apps/secrets/";
const [container] = image("a");

/** Containers that name the Secret `db`, and the Secret. */
const withSecret = (mode: SecretArgs["mode"], password: unknown, changes: Partial<ServiceArgs> = {}) =>
  ({
    containers: [
      { ...container, env: [{ name: "PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } }] },
    ],
    secrets: { db: { mode, data: { password } } },
    ...changes,
  }) as Partial<ServiceArgs>;

describe("the Secrets that an up writes", () => {
  const name: fc.Arbitrary<string> = fc.constantFrom(
    "web-db",
    "web-db-0000000001",
    "web-db-0000000002",
    "web-tls-0000000003",
    "theirs",
  );
  const names = fc.uniqueArray(name);
  const release = (secrets: readonly string[]): Release => ({
    id: secrets.join(),
    template: {
      metadata: { labels: {} },
      spec: { containers: [], volumes: secrets.map((secretName) => ({ name: secretName, secret: { secretName } })) },
    },
    configMaps: {},
  });
  const described = { db: "web-db", tls: "web-tls-0000000003" };
  const args = serviceArgs({ secrets: { db: { mode: "shared" }, tls: { mode: "versioned" } } });

  it("are all that live pods or releases need and that are there, and none twice", () => {
    fc.assert(
      fc.property(names, fc.array(names), names, (live, history, used) => {
        const inUse = live.filter((each) => used.includes(each));
        const kept = secretsToKeep(
          args,
          { described, sharedKeys: {}, live, inUse, gone: [], isKeyLost: false, isKeyNew: false },
          history.map(release),
        );
        const needed = new Set([...history.flat(), ...inUse]);
        const written = [...Object.values(kept.described), ...kept.retained];
        assert.equal(new Set(written).size, written.length);
        for (const each of live) if (needed.has(each)) assert.ok(written.includes(each), each);
        // What is not there is made only with its values, and what nothing needs is not made.
        for (const each of kept.retained) assert.ok(live.includes(each) && needed.has(each), each);
        assert.equal(kept.described.db, "web-db");
        assert.equal(kept.described.tls !== undefined, needed.has(described.tls));
      }),
    );
  });
});

describe("the Secrets of a service", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());
  const { now, record } = twoStacks(() => world);
  const secrets = () =>
    [...world.api.objects.keys()].filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
  const valueIn = (name: string) =>
    Buffer.from(world.api.objects.get(folder + name)?.data.password, "base64").toString();
  const namedBy = (deployment: string) =>
    world.deployment(deployment).spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name;
  const approve = (id: string) =>
    world.writeRecord({ verdicts: { ...record()?.verdicts, [id]: verdict("good") } }, "web");

  it("have a new name with new values if they are versioned, and each track has its own until it changes", async () => {
    const { resources } = await world.up("canary", canary("a", withSecret("versioned", "first")));
    const [first = ""] = secrets();
    for (const needing of [":Deployment web-canary", `:ConfigMap web-release-${now()}`]) {
      const found = resources.find(({ type, name }) => `${type} ${name}`.endsWith(needing));
      assert.ok(found?.dependsOn.includes(first), `${needing} is made after the Secret, and deleted before it`);
    }
    assert.match(first, /^web-db-[0-9a-f]{10}$/);
    assert.equal(valueIn(first), "first");
    assert.equal(world.api.objects.get(folder + first)?.immutable, true);
    const { warnings } = await world.up("prod", prod("a", withSecret("versioned", undefined)));
    assert.doesNotMatch(warnings.join("\n"), /this program describes/);
    assert.deepEqual([namedBy("web"), namedBy("web-canary")], [first, first]);
    const old = now();
    await world.up("canary", canary("a", withSecret("versioned", "second")));
    const second = namedBy("web-canary");
    assert.notEqual(second, first);
    assert.deepEqual([valueIn(first), valueIn(second), namedBy("web")], ["first", "second", first]);
    approve(now());
    await world.up("prod", prod("a", withSecret("versioned", undefined)));
    assert.equal(namedBy("web"), second);
    // Back by its id, although the program has other values.
    await world.up("canary", canary("a", withSecret("versioned", "second", { release: old })));
    assert.equal(namedBy("web-canary"), first);
    assert.equal(valueIn(first), "first");
  });

  it("roll and roll back in one stack too, and a Secret goes with the last release that names it", async () => {
    const up = (password: string, changes: Partial<ServiceArgs> = {}) =>
      world.up("test", both("a", withSecret("versioned", password, { releaseHistoryLimit: 1, ...changes })));
    await up("first");
    const [first = ""] = secrets();
    await up("second");
    const second = namedBy("web-canary");
    assert.deepEqual(secrets().sort(), [first, second].sort());
    for (const password of ["second", "third", "third", "fourth"]) {
      approve(world.runs("web-canary"));
      await up(password);
    }
    assert.equal(secrets().includes(first), false);
    assert.equal(valueIn(namedBy("web")), "third");
    assert.equal(valueIn(namedBy("web-canary")), "fourth");
  });

  it("stay while a live pod refers to them, although their release is lost", async () => {
    await world.up("canary", canary("a", withSecret("versioned", "first")));
    const [first = ""] = secrets();
    world.api.objects.delete(`/api/v1/namespaces/dora-apps/configmaps/web-release-${now()}`);
    world.forgetCopies("canary", "web");
    const spec = { containers: [], volumes: [{ name: "db", secret: { secretName: first } }] };
    const pod = "/api/v1/namespaces/dora-apps/pods/web-1";
    world.api.put(pod, { metadata: { name: "web-1", labels: { app: "web" } }, spec });
    const without = () => world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    await without();
    await without();
    assert.deepEqual(secrets(), [first]);
    world.api.objects.delete(pod);
    await without();
    assert.deepEqual(secrets(), []);
  });

  it("stay while a stored release is damaged, because it may need them", async () => {
    await world.up("canary", canary("a", withSecret("versioned", "first")));
    const [first = ""] = secrets();
    const stored = world.api.objects.get(`/api/v1/namespaces/dora-apps/configmaps/web-release-${now()}`);
    Object.assign(stored?.data, { release: "{" });
    world.forgetCopies("canary", "web");
    for (const tag of ["b", "c"]) await world.up("canary", canary(tag, { releaseHistoryLimit: 1 }));
    assert.deepEqual(secrets(), [first]);
  });

  it("need not exist for a preview of stable, which canary will have run", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gray-secrets-"));
    const preview = { preview: true, environment: { GRAY_RENDERED: join(folder, "releases.json") } };
    try {
      await world.up("canary", canary("a", withSecret("versioned", "first")));
      await world.up("prod", prod("a", withSecret("versioned", undefined)));
      await world.up("canary", canary("a", withSecret("versioned", "second")), preview);
      const { warnings, resources } = await world.up("prod", prod("a", withSecret("versioned", undefined)), preview);
      assert.doesNotMatch(warnings.join("\n"), /is gone|up would stop/);
      const stable = resources.find(({ type, name }) => `${type} ${name}`.endsWith(":Deployment web"));
      assert.notEqual(
        stable?.inputs.spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name,
        namedBy("web"),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("rotate in place if they are shared, which is no other release", async () => {
    await world.up("canary", canary("a", withSecret("shared", "first")));
    const release = now();
    assert.deepEqual([secrets(), valueIn("web-db"), namedBy("web-canary")], [["web-db"], "first", "web-db"]);
    assert.equal(world.api.objects.get(`${folder}web-db`)?.immutable, undefined);
    await world.up("canary", canary("a", withSecret("shared", "second")));
    assert.deepEqual([secrets(), valueIn("web-db"), now()], [["web-db"], "second", release]);
    // Also while canary runs another release.
    await world.up("canary", canary("b", withSecret("shared", "third", { release })));
    assert.deepEqual([valueIn("web-db"), now()], ["third", release]);
    // A release in the history still needs it.
    await world.up("canary", canary("b"));
    assert.deepEqual([secrets(), valueIn("web-db")], [["web-db"], "third"]);
  });

  it("take Outputs, also of other resources, and bytes", async () => {
    const data = { password: pulumi.secret("x"), file: { base64: "/wA=" }, more: pulumi.output("y") };
    await world.up("canary", canary("a", withSecret("shared", "", { secrets: { db: { mode: "shared", data } } })));
    assert.deepEqual(world.api.objects.get(`${folder}web-db`)?.data, { password: "eA==", file: "/wA=", more: "eQ==" });
    const all = { db: { mode: "shared", data: pulumi.secret({ password: "z" }) } } as const;
    await world.up("canary", canary("a", withSecret("shared", "", { secrets: all })));
    assert.equal(valueIn("web-db"), "z");
  });

  it("may have any name, also that of a property of every object", async () => {
    const secretKeyRef = { name: "constructor", key: "password" };
    const containers = image("a").map((each) => ({
      ...each,
      env: [{ name: "PASSWORD", valueFrom: { secretKeyRef } }],
    }));
    const named = (password: string | undefined) =>
      ({
        containers,
        secrets: { constructor: { mode: "versioned", data: { password } } },
      }) as unknown as Partial<ServiceArgs>;
    await world.up("canary", canary("a", named("x")));
    await world.up("prod", prod("a", named(undefined)));
    assert.match(namedBy("web"), /^web-constructor-/);
    assert.equal(namedBy("web"), namedBy("web-canary"));
  });

  it("may have a value that only up knows, of which a preview warns", async () => {
    const { unknown } = pulumi as unknown as { unknown: unknown };
    const program = () => canary("a", withSecret("versioned", pulumi.output(unknown)))();
    const { warnings } = await world.up("canary", program, { preview: true });
    assert.match(
      warnings.join("\n"),
      /^web: secrets\.db\.data is not known before pulumi up, so up may give the release another id than this preview shows\.$/m,
    );
    await assert.rejects(
      world.up("canary", program),
      /^UserError: web: secrets\.db\.data is not known in this up, for example because of --target/,
    );
    assert.deepEqual(secrets(), []);
    const shared = () => canary("a", withSecret("shared", pulumi.output(unknown)))();
    const preview = await world.up("canary", shared, { preview: true });
    assert.doesNotMatch(preview.warnings.join(), /another id/);
  });

  it("show in a preview that its id is not the one of up, until a stack has their key", async () => {
    await world.up("canary", canary("a"));
    await world.up("prod", prod("a"));
    const from = now();
    const next = (changes = {}) => canary("a", withSecret("versioned", "first", changes));
    const preview = async () => {
      const { warnings, resources } = await world.up("canary", next(), { preview: true });
      const component = resources.find(({ type }) => type.endsWith("CanaryService"));
      return {
        warning: warnings.find((text) => text.includes("another id")),
        id: component?.inputs.releases.canary.id,
      };
    };
    assert.equal(
      (await preview()).warning,
      "web: pulumi up makes the key of the versioned Secrets, so it gives the release another id than this preview shows.",
    );
    // As the refusal of gray rollout says.
    const { warnings } = await world.up("canary", next({ release: "current" }));
    assert.doesNotMatch(warnings.join(), /another id/);
    assert.equal(now(), from);
    const { warning, id } = await preview();
    assert.equal(warning, undefined);
    world.writeRecord(
      { epoch: 7, open: { epoch: 7, release: id, from, weight: 0, runs: { canary: id, stable: from } } },
      "web",
    );
    await world.up("canary", next(), { environment: { GRAY_EPOCH: "7" } });
    assert.equal(now(), id);
  });

  it("have other names in another stack, because the key is another one", async () => {
    await world.up("canary", canary("a", withSecret("versioned", "1234")));
    const other = await World.start();
    try {
      await other.up("canary", canary("a", withSecret("versioned", "1234")));
      assert.notEqual(other.runs("web-canary"), world.runs("web-canary"));
    } finally {
      await other.stop();
    }
  });

  it("depend on their key, as canary's pods do, so that an up that leaves the key out makes no name with it", async () => {
    const versioned = withSecret("versioned", "first");
    const keyed = ({ resources }: Run) =>
      resources
        .filter(({ dependsOn }) => dependsOn.includes("web-secret-key"))
        .map(({ type, name }) => `${type} ${name}`);
    const first = await world.up("canary", canary("a", versioned));
    const [name] = secrets();
    const expected = ["kubernetes:apps/v1:Deployment web-canary", `kubernetes:core/v1:Secret ${name}`];
    assert.deepEqual(keyed(first).sort(), expected);
    // Retained ones too.
    assert.deepEqual(keyed(await world.up("canary", canary("b"))).sort(), expected);
    assert.deepEqual(keyed(await world.up("other", both("c", withSecret("shared", "x", { name: "api" })))), []);
    const { unknown } = pulumi as unknown as { unknown: string };
    const withoutCluster = async () => {
      const provider = new Provider("later", { kubeconfig: pulumi.output(unknown) });
      new CanaryService("web", web("a", { tracks: ["canary"], ...versioned }), { provider });
      return {};
    };
    const preview = await world.up("new", withoutCluster, { preview: true, clusterOf: () => undefined });
    assert.equal(keyed(preview).length, 2);
  });

  it("get other names if the key is lost, which is said", async () => {
    await world.up("canary", canary("a", withSecret("versioned", "first")));
    const [first] = secrets();
    world.stashes.delete("canary web-secret-key");
    const { warnings } = await world.up("canary", canary("a", withSecret("versioned", "first")));
    assert.match(
      warnings.join("\n"),
      /^web: the state of stack organization-\d+\/gray-release\/canary has lost the key of the versioned Secrets, so they get new names, and the release a new id, even with the same values: restore the state with pulumi stack import to keep the names\.$/m,
    );
    assert.notEqual(namedBy("web-canary"), first);
    const again = await world.up("canary", canary("a", withSecret("versioned", "first")));
    assert.doesNotMatch(again.warnings.join(), /lost the key/);
  });

  it("keep the key while the program has none of them and a release does", async () => {
    await world.up("canary", canary("a", withSecret("versioned", "first")));
    const [first] = secrets();
    const { resources } = await world.up("canary", canary("b"));
    assert.ok(resources.some(({ name }) => name === "web-secret-key"));
    await world.up("canary", canary("a", withSecret("versioned", "first")));
    assert.equal(namedBy("web-canary"), first);
  });

  describe("one of which is gone", () => {
    let [first, old] = ["", ""];
    beforeEach(async () => {
      await world.up("canary", canary("a", withSecret("versioned", "first")));
      await world.up("prod", prod("a", withSecret("versioned", undefined)));
      [first = ""] = secrets();
      old = now();
      await world.up("canary", canary("a", withSecret("versioned", "second")));
      world.api.objects.delete(folder + first);
    });
    const gone = (effect: string) =>
      new RegExp(`^web: Secret ${first} of release ${old} is gone, so ${effect}: restore the Secret, or describe`, "m");

    it("is not made again with other values, and its release is refused", async () => {
      const { warnings } = await world.up("canary", canary("a", withSecret("versioned", "second")));
      assert.match(warnings.join("\n"), gone("no new pod of it can start"));
      assert.equal(secrets().includes(first), false);
      const back = canary("a", withSecret("versioned", "second", { release: old }));
      await assert.rejects(
        world.up("canary", back),
        new RegExp(
          `^UserError: web canary: release ${old} is refused, because its pods need Secret ${first}, which is gone, and no release holds its values: restore the Secret, or describe the release again with the same values\\.$`,
        ),
      );
      const preview = await world.up("canary", back, { preview: true });
      assert.match(preview.warnings.join("\n"), /which is gone.* This is a preview; up would stop here\.$/m);
    });

    for (const [who, environment] of [
      ["driver", { GRAY_EPOCH: "7" }],
      ["break-glass override", { GRAY_BREAK_GLASS: "b is broken" }],
    ] as const) {
      it(`does not hold up a ${who}, which is warned, so that a rollback ends`, async () => {
        const release = now();
        const open = { epoch: 7, release, from: old, weight: 0, runs: { canary: old, stable: old } };
        if (who === "driver") world.writeRecord({ epoch: 7, open }, "web");
        const back = canary("a", withSecret("versioned", "second", who === "driver" ? {} : { release: old }));
        const { warnings } = await world.up("canary", back, { environment });
        assert.match(warnings.join("\n"), gone("no new pod of it can start"));
        assert.equal(now(), old);
      });
    }

    it("is made again by a program with its values", async () => {
      await world.up("canary", canary("a", withSecret("versioned", "first")));
      assert.equal(valueIn(first), "first");
      assert.equal(now(), old);
    });

    it("is reported by the stack of stable, too, where it may look", async () => {
      const other = (release = "current") =>
        world.up("prod", prod("a", withSecret("versioned", undefined, { release })));
      assert.match((await other()).warnings.join("\n"), gone("no new pod of it can start"));
      world.api.intercept = ({ path }) =>
        path.startsWith(folder) ? { status: 403, body: { kind: "Status", message: "forbidden" } } : undefined;
      assert.doesNotMatch((await other()).warnings.join("\n"), /is gone/);
      world.api.intercept = () => undefined;
      approve(now());
      world.api.objects.delete(folder + namedBy("web-canary"));
      await assert.rejects(
        other("next"),
        /^UserError: web stable: release \w+ is refused, because its pods need Secret/,
      );
    });
  });

  it("refuse a release that needs a shared one which is gone, in both stacks", async () => {
    await world.up("canary", canary("a", withSecret("shared", "first")));
    await world.up("prod", prod("a", withSecret("shared", undefined)));
    const old = now();
    await world.up("canary", canary("b"));
    approve(now());
    await world.up("prod", prod("b"));
    world.api.objects.delete(`${folder}web-db`);
    const refusal = (track: string) =>
      new RegExp(
        `^UserError: web ${track}: release ${old} is refused, because its pods need Secret web-db, which is gone, and no release holds its values: restore the Secret, or describe the release again with the same values\\.$`,
      );
    await assert.rejects(world.up("canary", canary("b", { release: old })), refusal("canary"));
    await assert.rejects(world.up("prod", prod("b", { release: old })), refusal("stable"));
    const { warnings } = await world.up("canary", canary("b"));
    assert.match(
      warnings.join("\n"),
      new RegExp(`^web: Secret web-db of release ${old} is gone, so no track can`, "m"),
    );
    // Described again, it is made again.
    await world.up("canary", canary("a", withSecret("shared", "second")));
    assert.deepEqual([valueIn("web-db"), now()], ["second", old]);
  });

  it("are not taken from another creator", async () => {
    world.api.put(`${folder}web-db`, { metadata: { name: "web-db" }, data: { password: "b3RoZXI=" } });
    await assert.rejects(
      world.up("canary", canary("a", withSecret("shared", "x"))),
      /^UserError: Secret web-db in namespace dora-apps was not created by this program: name it in the containers in place of secrets, choose another service name, or remove that Secret yourself/,
    );
    assert.equal(valueIn("web-db"), "other");
  });

  describe("which may not be listed", () => {
    const refuse = () => {
      world.api.intercept = ({ path }) =>
        path.startsWith(folder.slice(0, -1))
          ? { status: 403, body: { kind: "Status", message: "forbidden" } }
          : undefined;
    };
    const refusal = (why: string) =>
      new RegExp(
        `^UserError: web: the Secrets in namespace dora-apps may not be listed, and ${why}, so it is not known which of them must stay: grant get and list on secrets in dora-apps, as docs/reference/rbac\\.md of gray-release says\\.$`,
      );

    for (const mode of ["versioned", "shared"] as const) {
      it(`stay with their key when the program drops a ${mode} one, because up is refused`, async () => {
        await world.up("canary", canary("a", withSecret(mode, "first")));
        await world.up("prod", prod("a", withSecret(mode, undefined)));
        const [first = ""] = secrets();
        const stashes = [...world.stashes.keys()];
        refuse();
        await assert.rejects(world.up("canary", canary("b")), refusal(`the state of this stack has Secret ${first}`));
        assert.deepEqual([secrets(), [...world.stashes.keys()]], [[first], stashes]);
        world.api.intercept = () => undefined;
        await world.up("canary", canary("b"));
        assert.deepEqual([secrets(), [...world.stashes.keys()]], [[first], stashes]);
      });
    }

    it("refuse an up whose pods name one that the state lacks, as after a killed up", async () => {
      await world.up("canary", canary("a"));
      const spec = { containers: [], volumes: [{ name: "db", secret: { secretName: "web-db-0123456789" } }] };
      const metadata = { name: "web-1", labels: { app: "web" } };
      world.api.put("/api/v1/namespaces/dora-apps/pods/web-1", { metadata, spec });
      refuse();
      await assert.rejects(
        world.up("canary", canary("b")),
        refusal("a release or a pod names Secret web-db-0123456789"),
      );
    });

    it("refuse a program that describes one", async () => {
      refuse();
      await assert.rejects(
        world.up("canary", canary("a", withSecret("shared", "first"))),
        refusal("the program describes secrets\\.db"),
      );
    });

    it("do not matter to a service that never had one, also if it uses one of another creator", async () => {
      const volumes = [{ name: "theirs", secret: { secretName: "web-theirs" } }];
      world.api.put(`${folder}web-theirs`, { metadata: { name: "web-theirs" } });
      refuse();
      await world.up("canary", canary("a", { volumes }));
      await world.up("canary", canary("b", { volumes }));
      const { spec } = world.deployment("web-canary").spec.template;
      assert.ok(spec.volumes.some((volume: { secret?: object }) => volume.secret !== undefined));
    });
  });

  describe("that are shared", () => {
    /** The same with another key, which its container reads. */
    const renamed = (data: object) => ({
      ...withSecret("shared", "first"),
      containers: [{ ...container, env: [{ name: "PASS", valueFrom: { secretKeyRef: { name: "db", key: "pass" } } }] }],
      secrets: { db: { mode: "shared", data } },
    });

    it("keep a key that stable's pods need: an up without it is refused and changes nothing", async () => {
      await world.up("canary", canary("a", withSecret("shared", "first")));
      await world.up("prod", prod("a", withSecret("shared", undefined)));
      const before = JSON.stringify([...world.api.objects]);
      await assert.rejects(
        world.up("canary", canary("b", renamed({ pass: "first" }) as Partial<ServiceArgs>)),
        /^UserError: web: Secret web-db would lose its key password, and the pods of stable need it: keep the key in secrets /,
      );
      assert.equal(JSON.stringify([...world.api.objects]), before);
      await world.up("canary", canary("b", renamed({ pass: "first", password: "first" }) as Partial<ServiceArgs>));
    });

    it("may lose a key that only earlier releases need, with a warning", async () => {
      await world.up("test", both("a", withSecret("shared", "first")));
      const first = world.runs("web");
      const both2 = both("b", renamed({ pass: "first", password: "first" }) as Partial<ServiceArgs>);
      await world.up("test", both2);
      approve(world.runs("web-canary") ?? "");
      await world.up("test", both2);
      const { warnings } = await world.up("test", both("b", renamed({ pass: "first" }) as Partial<ServiceArgs>));
      assert.match(
        warnings.join("\n"),
        new RegExp(`web: Secret web-db has no key password, which release ${first} needs: add it again`),
      );
    });
  });

  it("need no permission in a service without them", async () => {
    await world.up("canary", canary("a"));
    await world.up("prod", prod("a"));
    assert.deepEqual(
      world.api.requests.filter(({ path }) => path.includes("/secrets")),
      [],
    );
  });

  it("have their values nowhere but in the Secret and, encrypted, in the state", async () => {
    const marker = "marker-4711";
    const texts: string[] = [];
    for (const mode of ["versioned", "shared"] as const) {
      const args = withSecret(mode, pulumi.secret(marker));
      for (const preview of [true, false]) {
        const { resources, warnings, infos } = await world.up("canary", canary("a", args), { preview });
        const others = resources.filter(({ type }) => type !== "kubernetes:core/v1:Secret");
        texts.push(JSON.stringify([others, warnings, infos]));
        const made = resources.filter(({ type }) => type === "kubernetes:core/v1:Secret");
        for (const { inputs } of made) {
          const { data, ...fields } = inputs;
          texts.push(JSON.stringify(fields));
          assert.ok(
            data === undefined || "4dabf18193072939515e22adb298388d" in data,
            "the state encrypts what is marked as secret",
          );
        }
      }
      approve(now());
      const { resources, warnings, infos } = await world.up("prod", prod("a", args));
      texts.push(JSON.stringify([resources, warnings, infos]));
    }
    const { input } = world.stashes.get("canary web-secret-key") as { input: object };
    assert.ok("4dabf18193072939515e22adb298388d" in input);
    const objects = [...world.api.objects].filter(([path]) => !path.startsWith(folder));
    texts.push(JSON.stringify([objects, [...world.stashes], [...world.outputs]]));
    const forms = [marker, Buffer.from(marker).toString("base64").slice(0, -2)];
    for (const text of texts) for (const form of forms) assert.equal(text.includes(form), false, form);
    const asked = world.api.requests.filter(({ path }) => path.includes("/secrets"));
    assert.ok(asked.length > 0);
    for (const { method, headers } of asked) {
      assert.equal(method, "GET");
      assert.match(String(headers.accept), /^application\/json;as=PartialObjectMetadata(List)?;/);
    }
  });
});
