import assert from "node:assert/strict";
import { mock } from "node:test";
import type { Cluster } from "../../kubernetes/cluster.ts";
import type { EventObject } from "../../kubernetes/objects/event.ts";
import type { PodObject } from "../../kubernetes/objects/pod.ts";
import { causeReporter, type NotStarting, notStarting, podsOf, whyNotStarting } from "../../live/not-starting.ts";

const created = "2026-01-01T00:00:00Z";
const pod = (status: Partial<PodObject["status"]>, more: Partial<PodObject["spec"]> = {}): PodObject => ({
  metadata: { name: "web-1", uid: "1", creationTimestamp: created, labels: { track: "canary", release: "b" } },
  spec: { containers: [{ name: "web" }], nodeName: "node-1", ...more },
  status: { phase: "Pending", ...status },
});
const waiting = (reason: string, message?: string) =>
  pod({
    containerStatuses: [
      { name: "web", ready: false, restartCount: 0, state: { waiting: { reason, ...(message && { message }) } } },
    ],
  });
const scheduled = (message?: string) =>
  pod({
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", ...(message && { message }) }],
  });
const event = (reason: string, message: string, name = "web-1", type = "Warning"): EventObject => ({
  metadata: {},
  involvedObject: { kind: "Pod", name },
  type,
  reason,
  message,
});
const mount = event("FailedMount", 'MountVolume.SetUp failed for volume "c" : configmap "c" not found');

describe("why a pod does not start", () => {
  const cases: [sentence: string, PodObject, readonly EventObject[], NotStarting | undefined][] = [
    [
      "is that its image cannot be pulled, with the message",
      waiting("ErrImagePull", 'pull access denied for "x"\n\u001b[31m.'),
      [],
      { why: 'container web of pod web-1 does not start: ErrImagePull (pull access denied for "x")', isFatal: true },
    ],
    [
      "is that a ConfigMap of its environment is missing",
      waiting("CreateContainerConfigError", 'configmap "gone" not found'),
      [],
      {
        why: 'container web of pod web-1 does not start: CreateContainerConfigError (configmap "gone" not found)',
        isFatal: true,
      },
    ],
    [
      "is a crash loop, whose message says nothing more",
      waiting("CrashLoopBackOff", "back-off 10s restarting failed container=web"),
      [],
      { why: "container web of pod web-1 does not start: CrashLoopBackOff", isFatal: true },
    ],
    [
      "is that nodes are full, which a cluster autoscaler may change",
      scheduled("0/1 nodes are available: 1 Insufficient cpu."),
      [],
      { why: "pod web-1 cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu", isFatal: false },
    ],
    [
      "is that no node matches",
      scheduled(),
      [],
      { why: "pod web-1 cannot be scheduled: no node matches", isFatal: false },
    ],
    [
      "is that a volume cannot be mounted",
      waiting("ContainerCreating"),
      [mount],
      {
        why: 'pod web-1 waits: FailedMount (MountVolume.SetUp failed for volume "c" : configmap "c" not found)',
        isFatal: false,
      },
    ],
    ["is unknown while containers are made", waiting("ContainerCreating"), [], undefined],
    ["is not an Event about another pod", waiting("ContainerCreating"), [event("FailedMount", "", "web-2")], undefined],
    [
      "is not another Event",
      waiting("ContainerCreating"),
      [event("Unhealthy", "x"), event("FailedMount", "x", "web-1", "Normal")],
      undefined,
    ],
    ["is not an old Event about a pod that runs", pod({ phase: "Running" }), [mount], undefined],
    ["is unknown if it waits for nothing", pod({ phase: "Running" }), [], undefined],
  ];
  for (const [sentence, one, events, expected] of cases) {
    it(sentence, () => assert.deepEqual(notStarting([one], events), expected));
  }

  it("is the fatal reason, if several pods have one", () => {
    assert.match(notStarting([scheduled(), waiting("ImagePullBackOff")])?.why ?? "", /ImagePullBackOff$/);
  });

  it("is of the pods of a track that run a release", () => {
    const all = [scheduled()];
    assert.equal(podsOf(all, "canary", "b").length, 1);
    assert.equal(podsOf(all, "canary", "a").length + podsOf(all, "stable", "b").length, 0);
  });
});

describe("reading why a pod does not start", () => {
  afterEach(() => mock.timers.reset());
  let lists: number;
  const of = (events: () => Promise<EventObject[]>) => {
    lists = 0;
    const list = () => {
      lists++;
      return events();
    };
    return { api: { list } as unknown as Cluster, namespace: "n", service: "web" };
  };
  const at = (seconds: number) => mock.timers.enable({ apis: ["Date"], now: Date.parse(created) + seconds * 1000 });

  it("reads Events only of a pod that has been waiting for 5 s", async () => {
    at(4);
    assert.equal(
      await whyNotStarting(
        of(async () => [mount]),
        [waiting("ContainerCreating")],
      ),
      undefined,
    );
    assert.equal(lists, 0);
    mock.timers.tick(1000);
    assert.match(
      (
        await whyNotStarting(
          of(async () => [mount]),
          [waiting("ContainerCreating")],
        )
      )?.why ?? "",
      /FailedMount/,
    );
    assert.equal(lists, 1);
    await whyNotStarting(
      of(async () => [mount]),
      [scheduled()],
    );
    assert.equal(lists, 0);
  });

  it("goes without Events that may not be read", async () => {
    at(60);
    const refused = of(() => Promise.reject(new Error("forbidden")));
    assert.equal(await whyNotStarting(refused, [waiting("ContainerCreating")]), undefined);
  });
});

describe("the report of a cause", () => {
  afterEach(() => mock.timers.reset());

  it("comes once it has lasted for 5 s, once for each cause, whichever pod has it", () => {
    mock.timers.enable({ apis: ["Date"], now: 0 });
    const reported: string[] = [];
    const update = causeReporter(({ why }) => reported.push(why));
    const cause = (why: string): NotStarting => ({ why, isFatal: false });
    update(cause("pod web-1 cannot be scheduled: full"));
    mock.timers.tick(4000);
    update(undefined);
    update(cause("pod web-1 cannot be scheduled: full"));
    mock.timers.tick(4000);
    update(cause("pod web-2 cannot be scheduled: full"));
    assert.deepEqual(reported, []);
    mock.timers.tick(1000);
    update(cause("pod web-2 cannot be scheduled: full"));
    update(cause("pod web-1 cannot be scheduled: full"));
    update(cause("container web of pod web-1 does not start: ErrImagePull"));
    update(cause("container web of pod web-2 does not start: ErrImagePull"));
    assert.deepEqual(reported, [
      "pod web-2 cannot be scheduled: full",
      "container web of pod web-1 does not start: ErrImagePull",
    ]);
  });
});
