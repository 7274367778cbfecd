import assert from "node:assert/strict";
import type { Memory } from "../../components/history.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { openRollout } from "../../rollout/open.ts";
import { serviceArgs } from "../components/fop-gate.ts";
import { withoutSleep } from "../fake/sleep.ts";
import { canary, image, prod, program, web } from "../fake/web.ts";
import { ids, verdict, World } from "../fake/world.ts";

describe("a service in two stacks", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());

  const now = () => world.memory("canary", "web").current.canary ?? "";
  const configMaps = () =>
    [...world.api.objects.values()]
      .filter(({ immutable }) => immutable)
      .map(({ data }) => data["web.conf"])
      .sort();
  const approve = (release: string) => world.writeRecord({ verdicts: { [release]: verdict("good") } }, "web");
  const record = () => JSON.parse(world.api.objects.get(world.recordPath("web"))?.data.record ?? "null");
  /** Releases one more, which is approved: on canary, then on prod. */
  const release = async (tag: string) => {
    await world.up("canary", canary(tag));
    world.writeRecord({ verdicts: { ...record()?.verdicts, [now()]: verdict("good") } }, "web");
    await world.up("prod", prod(tag));
    return now();
  };
  /** Release A on both tracks. */
  const install = async () => {
    await world.up("canary", canary("a"));
    await world.up("prod", prod("a"));
    return now();
  };

  it("is installed: canary first, then prod with the same release, and says that there is no verdict yet", async () => {
    await world.up("canary", canary("a"));
    const { warnings } = await world.up("prod", prod("a"));
    assert.equal(world.runs("web"), world.runs("web-canary"));
    assert.match(warnings.join(), /is the first install: there are no users yet/);
    assert.deepEqual(world.deployment("web").spec.template.spec, world.deployment("web-canary").spec.template.spec);
  });

  it("has in its record what stable ran completely", async () => {
    const a = await install();
    assert.deepEqual(record().completed, [a]);
  });

  it("runs in prod the release object of canary, not the one that prod's own program describes", async () => {
    const a = await install();
    await world.up("prod", prod("z"));
    assert.equal(world.runs("web"), a);
  });

  it("refuses prod a release without a verdict, and changes nothing", async () => {
    const a = await install();
    await world.up("canary", canary("b"));
    const held = JSON.stringify([...world.api.objects]);
    await assert.rejects(world.up("prod", prod("b")), /has no good verdict: look at canary/);
    assert.equal(JSON.stringify([...world.api.objects]), held);
    assert.equal(world.runs("web"), a);
  });

  it("warns of that refusal in preview, and shows it as an input of the component", async () => {
    await install();
    await world.up("canary", canary("b"));
    const { warnings, resources } = await world.up("prod", prod("b"), { preview: true });
    assert.match(warnings.join(), /has no good verdict.* This is a preview; up would stop here\./);
    const component = resources.find(({ type }) => type === "gray-release:index:CanaryService");
    assert.deepEqual(component?.inputs.admissions, { stable: { admitted: false, code: "no-verdict" } });
  });

  it("says the same of its admissions on every run, as long as nothing happens", async () => {
    await world.up("canary", canary("a"));
    const admissions = async () => {
      const { resources } = await world.up("prod", prod("a"));
      return resources.find(({ type }) => type === "gray-release:index:CanaryService")?.inputs.admissions;
    };
    assert.deepEqual(await admissions(), await admissions());
  });

  it("lets prod have a release once it is approved", async () => {
    const a = await install();
    await world.up("canary", canary("b"));
    approve(now());
    await world.up("prod", prod("b"));
    assert.equal(world.runs("web"), now());
    assert.deepEqual(record().completed, [a, now()]);
  });

  it("lets prod scale while canary's release is undecided, with `current`", async () => {
    const a = await install();
    await world.up("canary", canary("b"));
    await world.up("prod", prod("b", { release: "current", replicas: 12 }));
    assert.equal(world.runs("web"), a);
    assert.equal(world.deployment("web").spec.replicas, 12);
  });

  for (const [what, available] of [
    ["complete", 9],
    ["not through", 8],
  ] as const) {
    it(`keeps with \`current\` what prod completed, whatever its outputs say, where its roll is ${what}`, async () => {
      const a = await install();
      const outputs = structuredClone(world.outputs.get("prod"));
      const b = await release("b");
      world.outputs.set("prod", outputs ?? {});
      assert.equal(world.memory("prod", "web").current.stable, a);
      world.deployment("web").status.availableReplicas = available;
      await world.up("canary", canary("c"));
      await world.up("prod", prod("c", { release: "current" }));
      assert.equal(world.runs("web"), b);
    });
  }

  it("brings an older release back by its id, with the files that it had", async () => {
    const a = await install();
    await world.up("canary", canary("b"));
    approve(now());
    await world.up("prod", prod("b"));
    await world.up("canary", canary("b", { release: a }));
    await world.up("prod", prod("b"));
    assert.equal(world.runs("web"), a);
    assert.equal(world.runs("web-canary"), a);
    const [volume] = world.deployment("web").spec.template.spec.volumes;
    assert.ok(world.api.objects.has(`/api/v1/namespaces/dora-apps/configmaps/${volume.configMap.name}`));
  });

  it("lets prod alone go back, while canary stays", async () => {
    const a = await install();
    await world.up("canary", canary("b"));
    const b = now();
    approve(b);
    await world.up("prod", prod("b"));
    await world.up("prod", prod("b", { release: a }));
    assert.deepEqual([world.runs("web"), world.runs("web-canary")], [a, b]);
  });

  it("lets prod go back by an id while canary's Deployment is deleted and the front stands", async () => {
    const a = await install();
    await release("b");
    world.api.objects.delete("/apis/apps/v1/namespaces/dora-apps/deployments/web-canary");
    await world.up("prod", prod("b", { release: a }));
    assert.equal(world.runs("web"), a);
  });

  it("says on every run that a named release hides a newer one", async () => {
    const a = await install();
    await world.up("canary", canary("b"));
    for (let i = 0; i < 2; i++) {
      const { warnings } = await world.up("canary", canary("c", { release: a }));
      assert.match(warnings.join(), new RegExp(`release is set to ${a}, so canary runs ${a} and not [0-9a-f]{12}`));
    }
  });

  it("says on every run that prod is pinned while canary runs another release", async () => {
    const a = await install();
    const b = await release("b");
    for (let i = 0; i < 2; i++) {
      const { warnings } = await world.up("prod", prod("b", { release: a }));
      assert.deepEqual(warnings, [`web: release is set to ${a}, so stable runs ${a} and not ${b}, which canary runs.`]);
    }
    await world.up("canary", canary("b", { release: a }));
    assert.deepEqual((await world.up("prod", prod("b", { release: a }))).warnings, []);
  });

  it("keeps as many releases as it should, newest first, and their ConfigMaps alone", async () => {
    for (const tag of ["a", "b", "c", "d"]) await world.up("canary", canary(tag, { releaseHistoryLimit: 2 }));
    assert.deepEqual(configMaps(), ["c", "d"]);
    assert.equal(world.memory("canary", "web").history.length, 2);
    assert.equal(world.memory("canary", "web").history[0]?.id, now());
  });

  it("keeps what stable runs, however many releases canary tries", async () => {
    const a = await install();
    for (const tag of ["b", "c", "d", "e"]) await world.up("canary", canary(tag, { releaseHistoryLimit: 2 }));
    assert.deepEqual(configMaps(), ["a", "d", "e"]);
    assert.ok(ids(world.memory("canary", "web").history).includes(a));
  });

  it("keeps the ConfigMap that a live pod still refers to", async () => {
    await world.up("canary", canary("a", { releaseHistoryLimit: 1 }));
    const { spec } = world.deployment("web-canary").spec.template;
    world.api.put("/api/v1/namespaces/dora-apps/pods/web-1", {
      metadata: { name: "web-1", labels: { app: "web" } },
      spec,
    });
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.deepEqual(configMaps(), ["a", "b"]);
    world.api.objects.delete("/api/v1/namespaces/dora-apps/pods/web-1");
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.deepEqual(configMaps(), ["b"]);
  });

  it("keeps that of a ReplicaSet with replicas, and not that of one without", async () => {
    await world.up("canary", canary("a", { releaseHistoryLimit: 1 }));
    const template = world.deployment("web-canary").spec.template;
    const path = "/apis/apps/v1/namespaces/dora-apps/replicasets/web-1";
    const metadata = { name: "web-1", labels: { app: "web" } };
    world.api.put(path, { metadata, spec: { replicas: 1, template } });
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.deepEqual(configMaps(), ["a", "b"]);
    world.api.put(path, { metadata, spec: { replicas: 0, template } });
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.deepEqual(configMaps(), ["b"]);
  });

  it("drops no ConfigMap at all where it cannot see who uses them", async () => {
    await world.up("canary", canary("a", { releaseHistoryLimit: 1 }));
    world.api.intercept = ({ path }) =>
      path.endsWith("/replicasets") ? { status: 403, body: { message: "forbidden" } } : undefined;
    await world.up("canary", canary("b", { releaseHistoryLimit: 1 }));
    assert.deepEqual(configMaps(), ["a", "b"]);
  });

  it("adds nothing to its history when an up is refused", async () => {
    const a = await install();
    world.writeRecord({ open: { epoch: 1, release: a, weight: 10 } }, "web");
    await assert.rejects(world.up("canary", canary("b")), /refused while the rollout of/);
    assert.deepEqual(ids(world.memory("canary", "web").history), [a]);
  });

  it("refuses prod's first install while canary's pods are not available", async () => {
    await world.up("canary", canary("a"));
    world.deployment("web-canary").status.availableReplicas = 0;
    await assert.rejects(world.up("prod", prod("a")), /web-canary does not run it with all its pods available/);
  });

  it("asks for canary's first run", async () => {
    await assert.rejects(
      world.up("prod", prod("a")),
      /web has no release in stack canary.*pulumi up --stack canary first/,
    );
  });

  it("follows the stack of canary by the name that it is given", async () => {
    await world.up("web-canary", canary("a"));
    await world.up("prod", prod("a", { canaryStack: "web-canary" }));
    assert.equal(world.runs("web"), world.memory("web-canary", "web").current.canary);
  });

  it("refuses canary a release that was judged bad", async () => {
    await install();
    await world.up("canary", canary("b"));
    const b = now();
    await world.up("canary", canary("a"));
    world.writeRecord({ verdicts: { [b]: verdict("bad", "evidence", "5xx") } }, "web");
    await assert.rejects(world.up("canary", canary("b")), /was judged bad \(evidence: 5xx\)/);
  });

  it("opens the gate for a reason, and leaves an Event", async () => {
    await install();
    await world.up("canary", canary("b"));
    const { warnings } = await world.up("prod", prod("b"), { environment: { GRAY_BREAK_GLASS: "users are offline" } });
    assert.match(warnings.join(), /passes the gate because: users are offline/);
    assert.equal(world.runs("web"), now());
    const events = [...world.api.objects.values()].filter(({ kind }) => kind === "Event");
    assert.deepEqual(
      events.map(({ type, reason }) => [type, reason]),
      [
        ["Normal", "ReleaseComplete"],
        ["Warning", "BreakGlass"],
        ["Normal", "ReleaseComplete"],
      ],
    );
  });

  describe("where Events may not be written", () => {
    let told: string[];
    const { warn } = console;
    beforeEach(() => {
      told = [];
      console.warn = (message: string) => void told.push(message);
      world.api.intercept = ({ method, path }) =>
        method === "POST" && path.endsWith("/events")
          ? { status: 403, body: { message: "events is forbidden" } }
          : undefined;
    });
    afterEach(() => {
      console.warn = warn;
    });

    it("notes a roll that is through, and warns", async () => {
      const a = await install();
      assert.deepEqual(record().completed, [a]);
      assert.equal(world.memory("prod", "web").current.stable, a);
      assert.deepEqual(told.length, 1);
      assert.match(
        told.join(),
        /^The Event ReleaseComplete on Deployment web could not be written: events is forbidden/,
      );
    });

    it("opens the gate for a reason", async () => {
      await install();
      await world.up("canary", canary("b"));
      await world.up("prod", prod("b"), { environment: { GRAY_BREAK_GLASS: "users are offline" } });
      assert.equal(world.runs("web"), now());
      assert.match(told.join(), /The Event BreakGlass on Deployment web could not be written/);
    });
  });

  it("goes back even when the record is damaged, and goes nowhere else", async () => {
    const a = await install();
    await world.up("canary", canary("b"));
    world.writeRecordText("{", "web");
    await assert.rejects(world.up("prod", prod("b")), /the record web-rollout cannot be read/);
    await world.up("prod", prod("b", { release: a }));
    await world.up("prod", prod("b", { release: "current" }));
    assert.equal(world.runs("web"), a);
  });

  it("goes back by its own memory when the record is damaged, one release and no more", async () => {
    const a = await install();
    const b = await release("b");
    await world.up("canary", canary("c"));
    const c = now();
    world.writeRecordText("{", "web");
    await assert.rejects(world.up("prod", prod("c", { release: c })), /the record web-rollout cannot be read/);
    await world.up("prod", prod("c", { release: a }));
    assert.equal(world.runs("web"), a);
    await world.up("prod", prod("c", { release: b }));
    assert.equal(world.runs("web"), b);
  });

  it("goes back by its own memory when the record is damaged and prod was run again since", async () => {
    const a = await install();
    await release("b");
    await world.up("prod", prod("b", { replicas: 10 }));
    world.writeRecordText("{", "web");
    await world.up("prod", prod("b", { release: a }));
    assert.equal(world.runs("web"), a);
  });

  it("goes nowhere when the record was deleted", async () => {
    await install();
    await world.up("canary", canary("b"));
    world.api.objects.delete(world.recordPath("web"));
    await assert.rejects(world.up("prod", prod("b")), /stands already and no record web-rollout says what it ran/);
  });

  it("refuses a record of another cluster", async () => {
    await install();
    await world.up("canary", canary("b"));
    world.writeRecord({ cluster: "other", verdicts: { [now()]: verdict("good") } }, "web");
    await assert.rejects(world.up("prod", prod("b")), /it belongs to cluster other and this is cluster-uid/);
  });

  it("refuses a stack that belongs to another cluster", async () => {
    await install();
    world.api.put("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system", uid: "other" } });
    await assert.rejects(world.up("canary", canary("a")), /on the cluster with UID cluster-uid and this one is other/);
    await assert.rejects(world.up("prod", prod("a")), /on the cluster with UID cluster-uid and this one is other/);
  });

  it("refuses to take over what another backend made", async () => {
    await install();
    world.outputs.clear();
    await assert.rejects(world.up("canary", canary("b")), /stack canary remembers no release of it/);
  });

  it("refuses a Deployment that somebody else made", async () => {
    await install();
    delete world.deployment("web").metadata.labels?.["gray-release/service"];
    await assert.rejects(
      world.up("prod", prod("a")),
      /Deployment web in namespace dora-apps was not made by this program/,
    );
  });

  for (const [kind, path] of [
    ["Service", "/api/v1/namespaces/dora-apps/services/web"],
    ["Service", "/api/v1/namespaces/dora-apps/services/web-canary"],
    ["Ingress", "/apis/networking.k8s.io/v1/namespaces/dora-apps/ingresses/web"],
  ] as const) {
    const name = path.split("/").at(-1) ?? "";
    for (const [whose, labels] of [
      ["somebody else", { app: "web" }],
      ["another service", { "gray-release/service": "web-canary" }],
    ] as const) {
      it(`refuses ${kind} ${name} of ${whose}, and changes nothing`, async () => {
        world.api.put(path, { metadata: { name, labels }, spec: { theirs: true } });
        const held = JSON.stringify([...world.api.objects]);
        await assert.rejects(
          world.up("canary", canary("a", { ingress: { host: "web.example.com" } })),
          new RegExp(`${kind} ${name} in namespace dora-apps was not made by this program: take another service name`),
        );
        assert.equal(JSON.stringify([...world.api.objects]), held);
      });
    }
  }

  it("has nothing against an Ingress of that name where it makes none", async () => {
    const path = "/apis/networking.k8s.io/v1/namespaces/dora-apps/ingresses/web";
    world.api.put(path, { metadata: { name: "web" }, spec: { theirs: true } });
    await world.up("canary", canary("a"));
    assert.deepEqual(world.api.objects.get(path)?.spec, { theirs: true });
  });

  it("refuses outputs that it cannot understand", async () => {
    await install();
    world.outputs.set("canary", { releases: { "dora-apps/web": { history: "none" } } });
    await assert.rejects(
      world.up("prod", prod("a")),
      /The output releases of stack canary cannot be understood|releases of stack .*canary cannot be understood/,
    );
  });

  it("refuses a remembered release whose content is not what its id says", async () => {
    const a = await install();
    const outputs = structuredClone(world.outputs.get("canary")) as { releases: Record<string, Memory> };
    const [first] = outputs.releases["dora-apps/web"]?.history ?? [];
    Object.assign(first?.template.spec.containers[0] ?? {}, { image: "web:evil" });
    world.outputs.set("canary", outputs);
    const held = JSON.stringify([...world.api.objects]);
    for (const up of [() => world.up("prod", prod("a")), () => world.up("canary", canary("b"))]) {
      await assert.rejects(up(), new RegExp(`the content of release ${a} is not what its id says`));
    }
    assert.equal(JSON.stringify([...world.api.objects]), held);
  });

  it("writes an object anew that is not as Pulumi left it", async () => {
    const a = await install();
    const seq = (name: string) => world.deployment(name).metadata.annotations?.["gray-release/seq"];
    assert.equal(seq("web"), "0");
    await world.up("canary", canary("b"));
    world.deployment("web").spec.template.metadata.labels.release = now();
    await world.up("prod", prod("b", { release: a }));
    assert.deepEqual([world.runs("web"), seq("web")], [a, "1"]);
    await world.up("prod", prod("b", { release: a }));
    assert.equal(seq("web"), "1");
  });

  it("writes the front anew after its selector was changed past Pulumi", async () => {
    await install();
    const front = () => world.api.objects.get("/api/v1/namespaces/dora-apps/services/web");
    Object.assign(front()?.spec.selector, { track: "stable" });
    await world.up("canary", canary("a"));
    assert.deepEqual(front()?.spec.selector, { app: "web" });
    assert.equal(front()?.metadata.annotations?.["gray-release/seq"], "1");
  });

  it("writes everything with at least the record's number", async () => {
    await install();
    world.writeRecord({ sequence: 7 }, "web");
    await world.up("canary", canary("a"));
    assert.equal(world.deployment("web-canary").metadata.annotations?.["gray-release/seq"], "7");
  });

  it("keeps the weight of an open rollout, whatever the settings say, and says so", async () => {
    const a = await install();
    world.writeRecord({ open: { epoch: 1, release: a, weight: 0 } }, "web");
    const { warnings } = await world.up("canary", canary("a", { weight: 10 }), { environment: { GRAY_EPOCH: "1" } });
    assert.match(warnings.join(), /the weight is 0 while the rollout of .* is open, not 10/);
    assert.deepEqual(world.api.objects.get("/api/v1/namespaces/dora-apps/services/web")?.spec.selector, {
      app: "web",
      track: "stable",
    });
  });

  it("says the share that canary really gets", async () => {
    const { infos } = await world.up("canary", canary("a", { weight: 12 }));
    assert.deepEqual(infos, ["web: asked 12 %, reached 10 %: 1 of 10 pods"]);
  });

  it("asks again at the last moment, and stops there", async () => {
    const a = await install();
    await world.up("canary", canary("b"));
    const b = now();
    approve(b);
    /** Between the program's look and the change of the Deployment somebody judges the release bad. */
    let reads = 0;
    world.api.intercept = ({ method, path }) => {
      if (method === "GET" && path === world.recordPath("web") && ++reads === 2) {
        world.writeRecord({ verdicts: { [b]: verdict("bad") } }, "web");
      }
      return undefined;
    };
    await assert.rejects(world.up("prod", prod("b")), /was judged bad/);
    assert.equal(world.runs("web"), a);
  });

  it("leaves the front alone while somebody else's rollout is open", async () => {
    const a = await install();
    const held = JSON.stringify(world.api.objects.get("/api/v1/namespaces/dora-apps/services/web"));
    world.writeRecord({ open: { epoch: 1, release: a, weight: 20 } }, "web");
    await assert.rejects(world.up("canary", canary("a", { weight: 0 })), /the front is not changed while the rollout/);
    assert.equal(JSON.stringify(world.api.objects.get("/api/v1/namespaces/dora-apps/services/web")), held);
  });

  describe("while somebody else's rollout is open", () => {
    const args = (changes: Partial<ServiceArgs> = {}) => web("a", { tracks: ["canary"], ...changes });
    const open = (weight: number) => world.writeRecord({ open: { epoch: 1, release: now(), weight } }, "web");
    const front = () => world.api.objects.get("/api/v1/namespaces/dora-apps/services/web")?.spec.selector;
    const pods = () => world.deployment("web-canary").spec.replicas;
    /** Whether the program got as far as to register anything. */
    const goesOn = async (changes: Partial<ServiceArgs> = {}, environment = {}) => {
      let opened = false;
      const look = async () => {
        await openRollout("web", args(changes));
        opened = true;
        return {};
      };
      await world.up("other", look, { environment }).catch(() => {});
      return opened;
    };
    beforeEach(install);

    it("refuses, before anything is registered, what would change the number of canary's pods", async () => {
      open(20);
      await assert.rejects(
        world.up("canary", canary("a")),
        /^Refusal: web: the front is not changed while the rollout/,
      );
      assert.deepEqual([await goesOn(), pods(), front()], [false, 1, { app: "web" }]);
    });

    it("refuses, before anything is registered, what would change the front's selector", async () => {
      open(0);
      await assert.rejects(
        world.up("canary", canary("a")),
        /^Refusal: web: the front is not changed while the rollout/,
      );
      assert.deepEqual([await goesOn(), pods(), front()], [false, 1, { app: "web" }]);
    });

    it("says in a preview that it would refuse", async () => {
      open(20);
      const { warnings } = await world.up("canary", canary("a"), { preview: true });
      assert.match(
        warnings.join(),
        /the front is not changed while the rollout.* This is a preview; up would stop here/,
      );
    });

    it("lets pass what changes neither", async () => {
      open(10);
      await world.up("canary", canary("a", { annotations: { owner: "dora" } }));
      assert.equal(world.deployment("web-canary").metadata.annotations?.owner, "dora");
    });

    it("lets pass what writes the front anew with the selector that it has", async () => {
      open(10);
      world.writeRecord({ sequence: 1 }, "web");
      await world.up("canary", canary("a"));
      assert.equal(world.deployment("web-canary").metadata.annotations?.["gray-release/seq"], "1");
    });

    for (const [who, environment] of [
      ["its driver", { GRAY_EPOCH: "1" }],
      ["a broken glass", { GRAY_BREAK_GLASS: "users are offline" }],
    ] as const) {
      it(`lets ${who} change both`, async () => {
        open(20);
        await world.up("canary", canary("a"), { environment });
        assert.equal(pods(), 2);
        open(0);
        await world.up("canary", canary("a"), { environment });
        assert.deepEqual([pods(), front()], [1, { app: "web", track: "stable" }]);
      });
    }

    it("refuses another driver", async () => {
      open(20);
      await assert.rejects(
        world.up("canary", canary("a"), { environment: { GRAY_EPOCH: "2" } }),
        /the front is not changed/,
      );
      assert.equal(pods(), 1);
    });
  });

  it("fails with a roll that Kubernetes has given up, and notes it on the next run when it became complete by itself", async () => {
    await world.up("canary", canary("a"));
    const conditions = [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }];
    const status = { web: { availableReplicas: 8, conditions } };
    const restore = withoutSleep();
    await assert.rejects(
      world.up("prod", prod("a"), { status }).finally(restore),
      /Deployment web in namespace dora-apps did not come to run .* completely \(its progress deadline is exceeded\)/,
    );
    assert.equal(record(), null);
    assert.throws(() => world.memory("prod", "web"));
    world.deployment("web").status.availableReplicas = 9;
    await world.up("prod", prod("a"));
    assert.deepEqual(record().completed, [now()]);
  });

  it("writes nothing in a preview", async () => {
    await install();
    const held = JSON.stringify([...world.api.objects]);
    await world.up("canary", canary("b"), { preview: true });
    await world.up("prod", prod("b"), { preview: true });
    assert.equal(JSON.stringify([...world.api.objects]), held);
  });
});

describe("two services in one program", () => {
  it("have histories, gates and records of their own", async () => {
    const world = await World.start();
    try {
      const small = { replicas: 3, weight: 25 } as const;
      const shop = (tag: string) => serviceArgs({ containers: image(tag), ...small });
      const pair = (webTag: string, shopTag: string) => program(["web", web(webTag, small)], ["shop", shop(shopTag)]);
      await world.up("test", pair("a", "a"));
      const [webA, shopA] = [world.runs("web"), world.runs("shop")];
      await world.up("test", pair("b", "b"));
      world.writeRecord({ verdicts: { [world.runs("web-canary")]: verdict("good") } }, "web");
      await world.up("test", pair("b", "b"));
      assert.notEqual(world.runs("web"), webA);
      assert.equal(world.runs("shop"), shopA);
      assert.equal(world.memory("test", "web").history.length, 2);
      assert.deepEqual(
        ids(world.memory("test", "shop").history).filter((id) => ids(world.memory("test", "web").history).includes(id)),
        [],
      );
    } finally {
      await world.stop();
    }
  });

  it("change neither, where one is refused", async () => {
    const world = await World.start();
    try {
      const args = (tag: string) =>
        serviceArgs({ containers: image(tag), replicas: 3, weight: 25, tracks: ["canary"] });
      const pair = (tag: string) => program(["web", args(tag)], ["shop", args(tag)]);
      await world.up("test", pair("a"));
      const before = world.runs("web-canary");
      world.writeRecordText("{", "shop");
      await assert.rejects(world.up("test", pair("b")), /shop canary: .* the record shop-rollout cannot be read/);
      assert.equal(world.runs("web-canary"), before);
    } finally {
      await world.stop();
    }
  });
});
