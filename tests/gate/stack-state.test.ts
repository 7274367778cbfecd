import assert from "node:assert/strict";
import type { StackState } from "../../components/history.ts";
import { type Release, releaseId } from "../../components/release.ts";
import { UserError } from "../../components/user-error.ts";
import { ownState, readStackStates, type StackStates } from "../../gate/stack-state.ts";
import type { Live } from "../../live/live.ts";
import type { StoredReleases } from "../../record/release-store.ts";
import { serviceArgs } from "../components/fop-gate.ts";
import { type ResourceOutputs, run } from "../fake/engine.ts";

/** A release with a name for the test in its content. */
const release = (name: string) => {
  const template = { metadata: { labels: { name } }, spec: { containers: [] } };
  return { id: releaseId(template, {}), template, configMaps: {} };
};
const nameOf = ({ template }: Release) => template.metadata.labels.name;
const idOf = (name: string) => release(name).id;
const named = (found: StackStates) => found.history.map(nameOf);

const state = (current: object, ...names: string[]): StackState => ({
  namespace: "dora-apps",
  cluster: "uid",
  current,
  history: names.map(idOf),
});
const stash = (input: unknown, service = "web") => ({
  [`urn:pulumi:s::p::gray-release:index:CanaryService$pulumi:index:Stash::${service}-state`]: {
    type: "pulumi:index:Stash",
    outputs: { input, output: input },
  },
});
/** The outputs of a program of an older version. */
const exported = (releases: unknown) => ({
  "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s": { type: "pulumi:pulumi:Stack", outputs: { releases } },
});
const olderState = (current: object, ...names: string[]) => ({
  "dora-apps/web": { cluster: "uid", current, history: names.map(release) },
});
type Resources = ResourceOutputs;

interface Canary {
  readonly runs?: string;
  readonly isComplete?: boolean;
  readonly previous?: string;
}

/** A cluster in which canary's Deployment runs this release; undefined if there is no Deployment. */
const live = (canary: Canary | undefined, front = {}) => {
  const { runs = "a", isComplete = true, previous } = canary ?? {};
  const deployment = {
    metadata: { generation: 1, annotations: previous === undefined ? {} : { "gray-release/previous": idOf(previous) } },
    spec: { replicas: 1, template: { metadata: { labels: { release: idOf(runs) } } } },
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: Number(isComplete) },
  };
  return { cluster: "uid", deployments: canary ? { canary: deployment } : {}, front } as unknown as Live;
};
const stored = (...names: string[]): StoredReleases => ({ releases: names.map(release), damaged: [] });

/** What is stored about web, as a stack with these arguments finds it. */
async function found(
  stack: string,
  args: Parameters<typeof serviceArgs>[0],
  states: Record<string, Resources>,
  on: { readonly live?: Live; readonly stored?: StoredReleases; readonly rebuilt?: readonly Release[] } = {},
): Promise<StackStates & { asked: string[] }> {
  let states_: StackStates | undefined;
  const asked: string[] = [];
  await run(
    async () => {
      const own = await ownState("dora-apps", "web");
      const { live: its = live({}), stored: releases = stored(), rebuilt = [] } = on;
      states_ = await readStackStates("web", serviceArgs(args), its, own, releases, rebuilt);
    },
    {
      stack,
      resourcesOf(name) {
        asked.push(name.split("/").slice(1).join("/"));
        return states[name.split("/").at(-1) ?? ""] ?? (name.endsWith(`/${stack}`) ? {} : undefined);
      },
    },
  );
  assert.ok(states_);
  return { ...states_, asked };
}

const canary = { tracks: ["canary"] } as const;
const prod = { tracks: ["stable"] } as const;

describe("what is stored about a service", () => {
  it("is nothing at first", async () => {
    const { asked: _, ...states } = await found("canary", canary, {}, { live: live(undefined) });
    assert.deepEqual(states, {
      own: undefined,
      history: [],
      damaged: [],
      gone: [],
      canaryRuns: undefined,
      stableHasHistory: false,
    });
  });

  describe("in the stack that owns canary", () => {
    it("are the stored releases in the order of the stack state, after those that it does not name yet", async () => {
      const states = { canary: stash(state({ canary: idOf("b") }, "b", "a")) };
      const it = await found("canary", canary, states, { stored: stored("a", "x", "b") });
      assert.deepEqual(it.asked, ["gray-release/canary"]);
      assert.deepEqual([it.canaryRuns, named(it)], [idOf("b"), ["x", "b", "a"]]);
    });

    it("are read again if the backend meets a state that is being written", async () => {
      let attempts = 0;
      const written = stash(state({ canary: idOf("b") }, "b"));
      await run(
        async () => {
          assert.equal((await ownState("dora-apps", "web"))?.state.current.canary, idOf("b"));
        },
        {
          stack: "canary",
          resourcesOf() {
            attempts++;
            if (attempts < 3) throw Object.assign(new Error(), { details: "failed to load checkpoint: EOF" });
            return written;
          },
        },
      );
      assert.equal(attempts, 3);
    });

    it("names the releases that are gone, and those that are damaged", async () => {
      const states = { canary: stash(state({ canary: idOf("b") }, "b", "a")) };
      const damaged = [{ id: idOf("z"), why: "odd" }];
      const it = await found("canary", canary, states, { stored: { ...stored("b"), damaged } });
      assert.deepEqual([it.gone, it.damaged], [[idOf("a")], damaged]);
    });

    it("has a release that was rebuilt last, once", async () => {
      const on = { stored: stored("b"), rebuilt: [release("b"), release("c")] };
      assert.deepEqual(named(await found("canary", canary, {}, on)), ["b", "c"]);
    });

    it("are the releases that an older version exported, until the stack has a state", async () => {
      const older = exported(olderState({ canary: idOf("b"), stable: idOf("a") }, "b", "a"));
      const it = await found("canary", canary, { canary: older });
      assert.deepEqual([named(it), it.canaryRuns, it.stableHasHistory], [["b", "a"], idOf("b"), true]);
      assert.deepEqual(it.own, state({ canary: idOf("b"), stable: idOf("a") }, "b", "a"));
      const newer = { canary: { ...older, ...stash(state({ canary: idOf("c") }, "c")) } };
      assert.deepEqual(named(await found("canary", canary, newer, { stored: stored("c") })), ["c"]);
    });

    it("is that of this service alone, in its namespace", async () => {
      const other = { ...state({ canary: "x" }), namespace: "other" };
      assert.equal((await found("canary", canary, { canary: stash(other) })).own, undefined);
      assert.equal((await found("canary", canary, { canary: stash(state({}), "web2") })).own, undefined);
      const older = exported({ "other/web": olderState({ canary: "x" }, "x")["dora-apps/web"] });
      assert.equal((await found("canary", canary, { canary: older })).own, undefined);
    });

    it("is nothing after a run that has not finished", async () => {
      assert.equal((await found("canary", canary, { canary: stash(null) })).own, undefined);
    });
  });

  describe("in the stack of stable", () => {
    const states = { prod: stash(state({ stable: idOf("a") }, "a")) };

    it("are the releases in the cluster, without the state of canary's stack", async () => {
      const it = await found("prod", prod, states, { live: live({ runs: "b" }), stored: stored("b", "a") });
      assert.deepEqual(it.asked, ["gray-release/prod"]);
      assert.deepEqual(
        [it.canaryRuns, named(it), it.own?.current, it.stableHasHistory],
        [idOf("b"), ["b", "a"], { stable: idOf("a") }, true],
      );
    });

    it("has the release that canary ran before, while it does not run the new one completely", async () => {
      const rolling = live({ runs: "c", isComplete: false, previous: "b" });
      assert.equal((await found("prod", prod, states, { live: rolling, stored: stored("b") })).canaryRuns, idOf("b"));
    });

    it("has the release that canary ran completely once, while a pod of it is away", async () => {
      const away = live({ runs: "b", isComplete: false, previous: "a" });
      const it = await found("prod", prod, states, { live: away, stored: stored("b", "a") });
      assert.equal(it.canaryRuns, idOf("b"));
    });

    it("has no release of canary if its Deployment was deleted", async () => {
      const on = { live: live(undefined, { service: { metadata: { name: "web" } } }), stored: stored("a") };
      const it = await found("prod", { ...prod, release: "current" }, states, on);
      assert.deepEqual([it.canaryRuns, named(it)], [undefined, ["a"]]);
    });

    it("are those that canary's stack exported, as long as none is in the cluster", async () => {
      const older = exported(olderState({ canary: idOf("b") }, "b", "a"));
      const it = await found("prod", prod, { ...states, canary: older }, { live: live({ runs: "b" }) });
      assert.deepEqual(it.asked, ["gray-release/prod", "gray-release/canary"]);
      assert.deepEqual([it.canaryRuns, named(it)], [idOf("b"), ["b", "a"]]);
    });

    it("are those that a stack of another name or project exported", async () => {
      const older = { "web-canary": exported(olderState({ canary: idOf("a") }, "a")) };
      for (const [canaryStack, asked] of [
        ["web-canary", "gray-release/web-canary"],
        ["org/other/web-canary", "other/web-canary"],
      ] as const) {
        const it = await found("prod", { ...prod, canaryStack }, older);
        assert.deepEqual(it.asked, ["gray-release/prod", asked]);
      }
    });

    it("is an error if canary has run nothing", async () => {
      const sentence = new UserError(
        "web has no release in stack canary, and prod runs only releases that canary has run: run pulumi up --stack canary first.",
      );
      await assert.rejects(found("prod", prod, {}), sentence);
      await assert.rejects(found("prod", prod, {}, { live: live(undefined) }), sentence);
    });

    it("is what its Deployment runs if canary was removed and a release is named", async () => {
      const on = { live: live(undefined), rebuilt: [release("a")] };
      assert.deepEqual(named(await found("prod", { ...prod, release: "current" }, states, on)), ["a"]);
      await assert.rejects(found("prod", prod, states, on), /run pulumi up --stack canary first/);
    });
  });

  for (const [what, resources] of [
    ["a stack state without a history", stash({ namespace: "dora-apps", cluster: "uid", current: {} })],
    ["a stack state that is a text", stash("state")],
    ["a track that is none", stash(state({ beta: "a" }))],
    ["outputs of an older version that are a list", exported([])],
    ["outputs of an older version that are a text", exported("releases")],
    ["an older service without history", exported({ "dora-apps/web": { cluster: "uid", current: {} } })],
    [
      "an older release with another image than its id says",
      exported({
        "dora-apps/web": {
          cluster: "uid",
          current: {},
          history: [{ ...release("a"), template: { ...release("a").template, spec: { containers: [{}] } } }],
        },
      }),
    ],
    [
      "an older release with other files than its id says",
      exported({
        "dora-apps/web": { cluster: "uid", current: {}, history: [{ ...release("a"), configMaps: { config: {} } }] },
      }),
    ],
  ] as [string, Resources][]) {
    it(`is refused if it is damaged: ${what}`, async () => {
      await assert.rejects(
        found("canary", canary, { canary: resources }),
        (error) =>
          error instanceof UserError &&
          /^The state of web in stack .*canary cannot be understood \(.*\): restore .*\.$/.test(error.message),
      );
    });
  }
});
