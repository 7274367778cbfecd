import assert from "node:assert/strict";
import { type Release, releaseId } from "../../components/release.ts";
import { UserError } from "../../components/user-error.ts";
import { readStackStates, type StackStates } from "../../gate/stack-state.ts";
import type { Live } from "../../live/live.ts";
import { serviceArgs } from "../components/fop-gate.ts";
import { run } from "../fake/engine.ts";

/** A release with a name for the test in its content. */
const release = (name: string) => {
  const template = { metadata: { labels: { name } }, spec: { containers: [] } };
  return { id: releaseId(template, {}), template, configMaps: {} };
};
const nameOf = ({ template }: Release) => template.metadata.labels.name;
const stackState = (current: object, ...ids: string[]) => ({
  "dora-apps/web": { cluster: "uid", current, history: ids.map(release) },
});
const live = (canary: boolean) => ({ cluster: "uid", deployments: canary ? { canary: {} } : {}, front: {} }) as Live;

/** The outputs that a stack reads: its own and those of other stacks. */
async function stackStates(
  stack: string,
  args: Parameters<typeof serviceArgs>[0],
  outputs: Record<string, unknown>,
  canaryIsLive = true,
): Promise<{ stackStates: StackStates; asked: string[] }> {
  let found: StackStates | undefined;
  const asked: string[] = [];
  await run(
    async () => {
      found = await readStackStates("web", serviceArgs(args), live(canaryIsLive));
    },
    {
      stack,
      outputsOf(name) {
        asked.push(name.split("/").slice(1).join("/"));
        const releases = outputs[name.split("/").at(-1) ?? ""];
        return releases === undefined ? {} : { releases };
      },
    },
  );
  assert.ok(found);
  return { stackStates: found, asked };
}

describe("the stack state of a service", () => {
  it("is empty at first", async () => {
    const { stackStates: found } = await stackStates("canary", { tracks: ["canary"] }, {});
    assert.deepEqual(found, { own: undefined, history: [], canaryRuns: undefined, stableHasHistory: false });
  });

  it("is read from the own stack alone if it owns canary", async () => {
    const { stackStates: found, asked } = await stackStates(
      "canary",
      { tracks: ["canary"] },
      { canary: stackState({ canary: "b" }, "b", "a") },
    );
    assert.deepEqual(asked, ["gray-release/canary"]);
    assert.deepEqual([found.canaryRuns, found.history.map(nameOf)], ["b", ["b", "a"]]);
  });

  it("is read from canary's stack too by a stack that owns stable", async () => {
    const { stackStates: found, asked } = await stackStates(
      "prod",
      { tracks: ["stable"] },
      { canary: stackState({ canary: "b" }, "b", "a"), prod: stackState({ stable: "a" }, "a") },
    );
    assert.deepEqual(asked, ["gray-release/prod", "gray-release/canary"]);
    assert.deepEqual([found.canaryRuns, found.own?.current, found.stableHasHistory], ["b", { stable: "a" }, true]);
  });

  it("is read from a stack of another name or project", async () => {
    const outputs = { "web-canary": stackState({ canary: "a" }, "a") };
    const { asked } = await stackStates("prod", { tracks: ["stable"], canaryStack: "web-canary" }, outputs);
    assert.deepEqual(asked, ["gray-release/prod", "gray-release/web-canary"]);
    const full = await stackStates("prod", { tracks: ["stable"], canaryStack: "org/other/web-canary" }, outputs);
    assert.deepEqual(full.asked, ["gray-release/prod", "other/web-canary"]);
  });

  it("is not read from a stack that may not exist", async () => {
    await assert.rejects(
      stackStates("prod", { tracks: ["stable"] }, {}, false),
      new UserError(
        "web has no release in stack canary, and prod runs only releases that canary has run: run pulumi up --stack canary first.",
      ),
    );
  });

  it("lets stable keep its release if canary was removed", async () => {
    const outputs = { prod: stackState({ stable: "a" }, "a") };
    const { stackStates: found } = await stackStates(
      "prod",
      { tracks: ["stable"], release: "current" },
      outputs,
      false,
    );
    assert.deepEqual(found.history.map(nameOf), ["a"]);
    await assert.rejects(
      stackStates("prod", { tracks: ["stable"] }, outputs, false),
      /run pulumi up --stack canary first/,
    );
  });

  it("is that of this service alone, in its namespace", async () => {
    const outputs = { canary: { "other/web": stackState({ canary: "x" }, "x")["dora-apps/web"] } };
    const { stackStates: found } = await stackStates("canary", { tracks: ["canary"] }, outputs);
    assert.equal(found.own, undefined);
  });

  it("is read from canary's stack if canary's Deployment was deleted and the front exists", async () => {
    const outputs = {
      canary: stackState({ canary: "b" }, "b", "a"),
      prod: stackState({ stable: "b" }, "b"),
    };
    let found: StackStates | undefined;
    const front = { service: { metadata: { name: "web" }, spec: {} } };
    await run(
      async () => {
        found = await readStackStates("web", serviceArgs({ tracks: ["stable"] }), {
          cluster: "uid",
          deployments: {},
          front,
        } as unknown as Live);
      },
      {
        stack: "prod",
        outputsOf: (name) => ({ releases: outputs[name.split("/").at(-1) as keyof typeof outputs] }),
      },
    );
    assert.deepEqual(found?.history.map(nameOf), ["b", "a"]);
  });

  for (const [what, releases] of [
    ["a list", []],
    ["a text", "releases"],
    ["a service without history", { "dora-apps/web": { cluster: "uid", current: {} } }],
    ["a track that is none", stackState({ beta: "a" }, "a")],
    [
      "a release with another image than its id says",
      {
        "dora-apps/web": {
          cluster: "uid",
          current: {},
          history: [{ ...release("a"), template: { ...release("a").template, spec: { containers: [{}] } } }],
        },
      },
    ],
    [
      "a release with other files than its id says",
      {
        "dora-apps/web": {
          cluster: "uid",
          current: {},
          history: [{ ...release("a"), configMaps: { config: { a: "2" } } }],
        },
      },
    ],
    [
      "a release without files",
      { "dora-apps/web": { cluster: "uid", current: {}, history: [{ id: "a", template: {} }] } },
    ],
  ] as [string, unknown][]) {
    it(`refuses outputs that are damaged: ${what}`, async () => {
      await assert.rejects(
        stackStates("canary", { tracks: ["canary"] }, { canary: releases }),
        (error) =>
          error instanceof UserError &&
          /^The output releases of stack .*canary cannot be understood \(.*\): .*\.$/.test(error.message),
      );
    });
  }
});
