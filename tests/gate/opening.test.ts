import assert from "node:assert/strict";
import { leavesPods } from "../../components/adopted-release.ts";
import type { StackState } from "../../components/history.ts";
import { adoptedAnnotation, ownerAnnotation, serviceLabel } from "../../components/names.ts";
import type { Release } from "../../components/release.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import type { Track } from "../../components/traffic.ts";
import { UserError } from "../../components/user-error.ts";
import type { TrialFailure } from "../../gate/accepted.ts";
import type { Observation } from "../../gate/observation.ts";
import { decide, type Opening } from "../../gate/opening.ts";
import type { OwnableObject } from "../../gate/owner.ts";
import type { StackStates } from "../../gate/stack-state.ts";
import { Unreachable } from "../../kubernetes/api-error.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import type { Live } from "../../live/live.ts";
import type { LiveRoute } from "../../live/traffic/mode.ts";
import type { RolloutRecord } from "../../record/record.ts";
import { serviceArgs } from "../components/fop-gate.ts";
import { verdict } from "../fake/world.ts";

const [a, b, c] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"];
const owner = "0123456789abcdef";

const release = (id: string): Release => ({
  id,
  template: {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "web", image: `web:${id}`, readinessProbe: {} }] },
  },
  configMaps: {},
});

/** The complete Deployment of a track. */
function deployment(name: string, id: string, replicas: number, annotations: Record<string, string> = {}) {
  const counts = { replicas, updatedReplicas: replicas, availableReplicas: replicas };
  const found: DeploymentObject = {
    metadata: { name, namespace: "dora-apps", uid: name, generation: 1, annotations },
    spec: {
      replicas,
      selector: {},
      template: { metadata: { labels: { release: id } }, spec: release(id).template.spec },
    },
    status: { observedGeneration: 1, ...counts },
  };
  return found;
}

/** One stack runs both tracks: stable runs a, canary runs b with 10 %, b is judged good, and the program describes b. */
const ordinary: Observation = {
  service: "web",
  args: serviceArgs({ weight: 10 }),
  rendered: release(b),
  isPreview: false,
  now: Date.parse("2026-01-02T00:00:00.000Z"),
  stack: { name: "test", fullName: "organization/shop/test" },
  owner,
  epoch: undefined,
  breakGlass: undefined,
  isAdoptionRequested: false,
  live: {
    cluster: "uid",
    namespaceExists: true,
    deployments: { stable: deployment("web", a, 9), canary: deployment("web-canary", b, 1) },
    front: {
      service: {
        metadata: { name: "web", namespace: "dora-apps", uid: "front", generation: 1 },
        spec: { selector: { app: "web" } },
      },
      canaryAccess: undefined,
      ingress: undefined,
      routes: [],
    },
  },
  record: {
    kind: "read",
    record: { version: 2, cluster: "uid", sequence: 0, verdicts: { [b]: verdict("good") }, stableHistory: [a] },
  },
  stackStates: {
    own: { namespace: "dora-apps", cluster: "uid", owner, current: { stable: a, canary: b }, history: [] },
    history: [release(b), release(a)],
    damaged: [],
    gone: [],
    canaryRuns: b,
    stableHasHistory: true,
  },
  secrets: { described: {}, sharedKeys: {}, live: [], inUse: [], gone: [], isKeyLost: false, isKeyNew: false },
  configMapsInUse: {},
  accountsInUse: [],
  trafficPossible: { status: "fulfilled", value: undefined },
  objects: { status: "fulfilled", value: [] },
  trialFailures: [],
  startSeconds: {},
  comparisons: {},
  isAutoscalerRemoved: false,
};

type Change = (observation: Observation) => Observation;

const withArgs =
  (changes: Partial<ServiceArgs>): Change =>
  (it) => ({ ...it, args: { ...it.args, ...changes } });
const withRecord =
  (changes: { [key in keyof RolloutRecord]?: RolloutRecord[key] | undefined }): Change =>
  (it) => {
    const before = it.record.kind === "read" ? it.record.record : assert.fail();
    return { ...it, record: { kind: "read", record: { ...before, ...changes } as RolloutRecord } };
  };
const withState =
  (changes: Partial<StackStates>, own: Partial<StackState> = {}): Change =>
  (it) => ({
    ...it,
    stackStates: { ...it.stackStates, ...changes, own: { ...(it.stackStates.own ?? assert.fail()), ...own } },
  });
/** Neither the cluster nor the stack has a release of the service. */
const nothingStored: Change = (it) => ({ ...it, stackStates: { ...it.stackStates, own: undefined, history: [] } });
const withDeployments =
  (changes: Live["deployments"]): Change =>
  (it) => ({ ...it, live: { ...it.live, deployments: { ...it.live.deployments, ...changes } } });
const withObjects =
  (...value: OwnableObject[]): Change =>
  (it) => ({ ...it, objects: { status: "fulfilled", value } });
const withTrialFailure =
  (...trialFailures: TrialFailure[]): Change =>
  (it) => ({ ...it, trialFailures });
const inPreview: Change = (it) => ({ ...it, isPreview: true });
const all =
  (...changes: Change[]): Change =>
  (it) =>
    changes.reduce((changed, change) => change(changed), it);

const adoption = { release: a, front: { app: "web" } };
const isAdopted = (annotations: Record<string, string> = leavesPods) =>
  all(
    withDeployments({ stable: deployment("web", a, 9, { [adoptedAnnotation]: a, ...annotations }) }),
    withRecord({ adopted: adoption }),
    withState({}, { adopted: true }),
  );
/** Nothing of the service exists yet. */
const firstRun: Change = (it) => ({
  ...it,
  live: { ...it.live, deployments: {}, front: { ...it.live.front, service: undefined } },
  record: { kind: "absent" },
  stackStates: { own: undefined, history: [], damaged: [], gone: [], canaryRuns: undefined, stableHasHistory: false },
});
const foreign: OwnableObject = { object: { kind: "Service", name: "web" }, live: { metadata: { name: "web" } } };
const ofOtherStack: OwnableObject = {
  object: { kind: "Service", name: "web" },
  live: { metadata: { name: "web", labels: { [serviceLabel]: "web" }, annotations: { [ownerAnnotation]: "other" } } },
};
const open = { epoch: 7, release: b, weight: 20 };

/** A release whose pods need a Secret that is gone. */
function goneSecret(id: string): Change {
  const name = "web-db-0123456789";
  const items = [{ key: "password", path: "password" }];
  const volumes = [{ name: "db", secret: { secretName: name, items } }];
  const needing = ({ template: { metadata, spec }, ...rest }: Release): Release => ({
    ...rest,
    template: { metadata, spec: { ...spec, volumes } },
  });
  const changed = (each: Release) => (each.id === id ? needing(each) : each);
  return (it) => ({
    ...it,
    rendered: changed(it.rendered),
    stackStates: { ...it.stackStates, history: it.stackStates.history.map(changed) },
    secrets: { ...it.secrets, gone: [name] },
  });
}

/** Each condition of `decide`, in the order in which they apply, with a change of the ordinary observation that breaks it. */
const conditions: readonly (readonly [condition: string, breaks: Change, refusal: RegExp, inPreview?: "warns"])[] = [
  [
    "1. The record holds the adoption of an adopted Deployment.",
    all(
      withDeployments({ stable: deployment("web", a, 9, { [adoptedAnnotation]: a }) }),
      withRecord({ adopted: undefined }),
    ),
    /^Deployment web in namespace dora-apps was adopted, but the record in ConfigMap web-rollout does not say so/,
  ],
  [
    "2. A release of a live service is stored, or this stack has a state of it.",
    all(withDeployments({ stable: deployment("web", a, 9) }), nothingStored, withRecord({ adopted: undefined })),
    /^web is live in namespace dora-apps and neither the cluster nor stack test has a release of it/,
  ],
  [
    "3. A release that is named is in the history.",
    withArgs({ release: c }),
    /^web canary: release cccccccccccc is not in the history/,
  ],
  [
    "4. The pods can serve the weight.",
    all(withArgs({ weight: 60 }), withRecord({ open: undefined })),
    /^web: weight is 60 and traffic by number of pods supports at most 50/,
  ],
  [
    "5. The cluster can carry the traffic as the program splits it.",
    (it) => ({
      ...it,
      trafficPossible: { status: "rejected", reason: new UserError("the cluster has no Gateway API") },
    }),
    /^the cluster has no Gateway API$/,
  ],
  [
    "6. The API server accepts the objects as the program describes them.",
    withTrialFailure({ kind: "Service", name: "web", why: 'unknown field "spec.typ"', isRefused: true }),
    /^web: the API server refuses Service web \(unknown field "spec\.typ"\): correct the arguments of the service\.$/,
  ],
  [
    "7. The gate admits the release of each track.",
    all(
      withDeployments({ canary: deployment("web-canary", a, 1) }),
      withState({}, { current: { stable: a, canary: a } }),
      withRecord({ verdicts: { [b]: verdict("bad", "bob", "5xx") } }),
    ),
    /^web canary: release b{12} is refused/,
    "warns",
  ],
  [
    "8. The Secrets that a release needs exist, if a track changes to it.",
    // Canary goes back to what it ran last, which the gate always admits.
    all(goneSecret(b), withDeployments({ canary: deployment("web-canary", a, 1) })),
    /^web (stable|canary): release b{12} is refused, because its pods need Secret web-db-0123456789, which is gone/,
    "warns",
  ],
  [
    "9. Every object that this stack writes is its own or does not exist.",
    withObjects(foreign),
    /^Service web in namespace dora-apps was not created by this program/,
  ],
  [
    "10. While a rollout is open, only its driver changes the front and the number of canary's pods.",
    withRecord({ open }),
    /^web: the weight and the number of canary pods stay as they are while the rollout of b{12} is open/,
    "warns",
  ],
  [
    "11. An adopted Deployment that is replaced leaves its pods.",
    isAdopted({}),
    /^Deployment web in namespace dora-apps has lost the annotation pulumi\.com\/deletionPropagationPolicy/,
  ],
];

const errorOf = (opening: Opening) =>
  opening.kind === "refused" && opening.error instanceof Error ? opening.error : assert.fail(opening.kind);
const admitted = (opening: Opening) => (opening.kind === "admitted" ? opening : assert.fail(errorOf(opening)));
const warningsOf = ({ log }: Opening) => log.flatMap(({ level, text }) => (level === "warn" ? [text] : []));

describe("the opening of a rollout", () => {
  it("goes on if every condition holds, with the releases, the traffic and a line about it", () => {
    const { context, log, canary, cutsOver, completes, driftWarnings } = admitted(decide(ordinary));
    assert.deepEqual([context.releases.stable?.id, context.releases.canary?.id, canary?.id], [b, b, b]);
    assert.deepEqual(context.admissions.stable?.admitted, true);
    assert.deepEqual([context.traffic?.weight, context.previous.stable], [10, a]);
    assert.deepEqual(log, [{ level: "info", text: "web: asked 10 %, reached 10 %: 1 of 10 pods" }]);
    assert.deepEqual([cutsOver, completes, driftWarnings], [false, false, []]);
  });

  for (const [at, [condition, breaks, refusal, preview]] of conditions.entries()) {
    describe(condition, () => {
      it("is refused otherwise", () => {
        assert.match(errorOf(decide(breaks(ordinary))).message, refusal);
      });

      it(`${preview ?? "is refused"} in a preview`, () => {
        const opening = decide(all(breaks, inPreview)(ordinary));
        if (preview === undefined) return assert.match(errorOf(opening).message, refusal);
        admitted(opening);
        const [warning = ""] = warningsOf(opening).filter((each) => refusal.test(each));
        assert.match(warning, / This is a preview; up would stop here\.$/);
      });

      it("applies before the conditions that follow", () => {
        const all = conditions.slice(at).reduceRight((it, [, breaks]) => breaks(it), ordinary);
        assert.match(errorOf(decide(all)).message, refusal);
      });
    });
  }

  describe("with a break-glass override", () => {
    const breakGlass: Change = (it) => ({ ...it, breakGlass: "fire" });
    for (const [sentence, change, warning] of [
      ["2. starts the history again", nothingStored, /so it starts a new history because: fire\./],
      ["7. passes the gate", conditions[6]?.[1] ?? assert.fail(), /passes the gate by a break-glass override: fire/],
      ["9. takes over the objects of another stack", withObjects(ofOtherStack), /it is taken over because: fire\./],
    ] as const) {
      it(`${sentence}, with a warning`, () => {
        const opening = admitted(decide(all(change, breakGlass)(ordinary)));
        assert.match(warningsOf(opening).join("\n"), warning);
      });
    }

    it("10. changes the front", () => {
      assert.equal(admitted(decide(all(withRecord({ open }), breakGlass)(ordinary))).context.traffic?.weight, 20);
    });
  });

  it("only warns of a Secret that is gone if no track changes to its release", () => {
    const opening = admitted(decide(all(goneSecret(a), withArgs({ releaseHistoryLimit: 10 }))(ordinary)));
    assert.match(
      warningsOf(opening).join("\n"),
      /^web: Secret web-db-0123456789 of release a{12} is gone, so no new pod of it can start: restore the Secret, or describe the release again with the same values\.$/m,
    );
  });

  it("warns that the key of versioned Secrets is lost", () => {
    const opening = admitted(decide({ ...ordinary, secrets: { ...ordinary.secrets, isKeyLost: true } }));
    assert.match(warningsOf(opening).join("\n"), /^web: the state of stack organization\/shop\/test has lost the key/m);
  });

  describe("of objects that the API server did not accept", () => {
    const refused: TrialFailure = { kind: "Deployment", name: "web-canary", why: "a reason", isRefused: true };

    it("ignores the Deployment if canary runs another release than the program describes", () => {
      const current = all(withArgs({ release: a }), withTrialFailure(refused), withRecord({ open: undefined }));
      assert.equal(admitted(decide(current(ordinary))).context.releases.canary?.id, a);
    });

    it("does not refuse an earlier release that the program names, which may be a rollback", () => {
      const service = { ...refused, kind: "Service" } as const;
      const named = all(withArgs({ release: a }), withTrialFailure(service), withRecord({ open: undefined }));
      assert.equal(admitted(decide(named(ordinary))).context.releases.canary?.id, a);
    });

    it("says in a preview what could not be tried, which is no refusal", () => {
      const change = withTrialFailure({ ...refused, isRefused: false });
      const text = "web: the API server could not try Deployment web-canary (a reason), so up may still be refused.";
      const isSaid = (opening: Opening) => admitted(opening).log.some((line) => line.text === text);
      assert.equal(isSaid(decide(all(change, inPreview)(ordinary))), true);
      assert.equal(isSaid(decide(change(ordinary))), false);
    });
  });

  it("only warns a driver and a break-glass override of a key that a shared Secret would lose", () => {
    const lost = {
      ...goneSecret(b)(ordinary),
      secrets: { ...ordinary.secrets, sharedKeys: { "web-db-0123456789": [] } },
    };
    for (const on of [{ epoch: 7 }, { breakGlass: "fire" }]) {
      assert.match(warningsOf(admitted(decide({ ...lost, ...on }))).join("\n"), /web-db-0123456789 has no key/);
    }
    assert.match(`${errorOf(decide(lost))}`, /would lose its key/);
  });

  it("only warns a driver and a break-glass override that the cluster cannot carry the traffic", () => {
    const refused = conditions[4]?.[1] ?? assert.fail();
    for (const on of [{ epoch: 7 }, { breakGlass: "fire" }]) {
      const opening = admitted(decide({ ...refused(ordinary), ...on }));
      assert.ok(warningsOf(opening).includes("the cluster has no Gateway API"));
      const reason = new Unreachable("no answer");
      const fails = { ...ordinary, ...on, trafficPossible: { status: "rejected", reason } } as const;
      assert.equal(errorOf(decide(fails)), reason);
    }
  });

  it("gives a roll the time that pods of its release took, and a release without pods at least the time of an unknown one", () => {
    const seconds = (startSeconds: Readonly<Record<string, number>>) => {
      const { rollSeconds } = admitted(decide({ ...ordinary, startSeconds })).context;
      return [rollSeconds.stable, rollSeconds.canary];
    };
    const of = (pods: number, start: number) => pods * (30 + start) + 600;
    assert.deepEqual(seconds({ [b]: 5 }), [of(9, 30), of(1, 30)]);
    assert.deepEqual(seconds({ [a]: 5 }), [of(9, 120), of(1, 120)]);
    assert.deepEqual(seconds({ [a]: 100 }), [of(9, 210), of(1, 210)]);
    assert.deepEqual(seconds({ [a]: 100, [b]: 5 }), [of(9, 30), of(1, 30)]);
  });

  it("warns of a route that its gateways do not apply", () => {
    const metadata = { name: "web", namespace: "dora-apps", labels: {} };
    const route = { kind: "HTTPRoute", metadata, weight: 10, notApplied: "a reason" } as LiveRoute;
    const front = { ...ordinary.live.front, routes: [route, { ...route, notApplied: undefined }] };
    const warnings = warningsOf(decide({ ...ordinary, live: { ...ordinary.live, front } }));
    assert.deepEqual(
      warnings.filter((each) => each.includes("HTTPRoute")),
      [
        "web: HTTPRoute web is not applied, so users may not reach the service (a reason): correct the route's arguments or what it names.",
      ],
    );
  });

  it("warns of the weight that an open rollout has, even if a later condition refuses it", () => {
    const opening = decide(withRecord({ open })(ordinary));
    assert.match(
      warningsOf(opening)[0] ?? "",
      /the weight stays 20 % while the rollout of b{12} is open; the 10 % of the program apply/,
    );
    assert.equal(opening.kind, "refused");
  });

  it("goes on beside the rollout of another driver if it changes neither the front nor canary's pods", () => {
    const { releases } = admitted(decide(withRecord({ open: { ...open, weight: 10 } })(ordinary))).context;
    assert.deepEqual([releases.stable?.id, releases.canary?.id], [a, b]);
  });

  it("warns of what the choice of releases warns of", () => {
    const opening = admitted(decide(withRecord({ verdicts: {} })(ordinary)));
    assert.match(warningsOf(opening).join("\n"), /^web stable stays at a{12}\. .* it has not been judged good yet/);
  });

  it("is the same at any time for the same observation", () => {
    const before = structuredClone(ordinary);
    const openings = [decide(ordinary), decide(before)];
    assert.deepEqual(openings[0], openings[1]);
    assert.deepEqual(ordinary, before);
    assert.deepEqual(admitted(decide(ordinary)).context.verdict, { release: b, hours: 24 });
  });

  it("names canary's release for stable's preview if it is chosen before a condition refuses", () => {
    const canaryOf = (at: number) => decide((conditions[at - 1]?.[1] ?? assert.fail())(ordinary)).canary?.id;
    assert.deepEqual([canaryOf(3), canaryOf(4), canaryOf(5)], [undefined, b, b]);
  });

  it("checks only the objects that this stack writes", () => {
    const forgotten: OwnableObject = { ...foreign, object: { kind: "ConfigMap", name: "web-config-000000000000" } };
    admitted(decide(withObjects(forgotten)(ordinary)));
    for (const object of [
      { kind: "ConfigMap", name: "web" },
      { kind: "Service", name: "web-other" },
    ] as const) {
      admitted(decide(withObjects({ ...foreign, object })(ordinary)));
    }
  });

  it("does not need the objects if the gate refuses", () => {
    const fails: Change = (it) => ({ ...it, objects: { status: "rejected", reason: new Error("forbidden") } });
    const [, refused] = conditions[6] ?? assert.fail();
    assert.match(errorOf(decide(all(refused, fails)(ordinary))).message, /is refused/);
    assert.equal(errorOf(decide(fails(ordinary))).message, "forbidden");
  });

  describe("has as its context", () => {
    /** The same in every row. */
    const known = { key: "dora-apps/web", stack: "organization/shop/test", owner, cluster: "uid", configMaps: {} };
    const both = {
      ...known,
      releases: { canary: release(b), stable: release(b) },
      admissions: { canary: { admitted: true }, stable: { admitted: true, verdictHours: 24 } },
      verdict: { release: b, hours: 24 },
      traffic: { weight: 10, canaryReplicas: 1, selector: { app: "web" }, share: 10 },
      shift: { weight: 10, from: 10, to: 10 },
      stableReplicas: 9,
      rollSeconds: { stable: 1950, canary: 750 },
      fastRollback: false,
      order: "traffic-first",
      sequence: { stable: 1, canary: 0, front: 0 },
      previous: { stable: a },
      remembered: ordinary.stackStates.own,
      history: [release(b), release(a)],
    };

    it("everything of both tracks in a stack that owns them", () => {
      assert.deepEqual(admitted(decide(ordinary)).context, both);
    });

    it("nothing of canary in a stack of stable", () => {
      const opening = admitted(decide(withArgs({ tracks: ["stable"] })(ordinary)));
      const { traffic: _, shift: __, ...rest } = both;
      assert.deepEqual(opening.context, {
        ...rest,
        releases: { stable: release(b) },
        admissions: { stable: both.admissions.stable },
        rollSeconds: { stable: 1950, canary: 600 },
        sequence: { stable: 1, canary: 1, front: 0 },
        history: [release(b), release(a)],
      });
      assert.deepEqual([opening.log, "canary" in opening], [[], false]);
    });

    it("nothing of an earlier run on the first one, with a warning that canary's health decides", () => {
      const opening = admitted(decide(firstRun(ordinary)));
      const { verdict: _, remembered: __, ...rest } = both;
      assert.deepEqual(opening.context, {
        ...rest,
        admissions: { canary: { admitted: true }, stable: { admitted: true } },
        shift: { weight: 10, from: 0, to: 10 },
        order: "pods-first",
        sequence: { stable: 0, canary: 0, front: 0 },
        previous: {},
        history: [release(b)],
      });
      assert.match(warningsOf(opening).join("\n"), /^web stable: release b{12} is the first install: /);
    });

    it("no number of stable pods if an autoscaler owns it, and the time for the live pods", () => {
      const { stableReplicas, rollSeconds } = admitted(decide(withArgs({ replicas: "external" })(ordinary))).context;
      assert.deepEqual([stableReplicas, rollSeconds], [undefined, { stable: 1950, canary: 750 }]);
      const more = withDeployments({ stable: deployment("web", a, 18) });
      const scaled = admitted(decide(all(withArgs({ replicas: "external" }), more)(ordinary)));
      assert.equal(scaled.context.rollSeconds.stable, 3300);
    });

    it("stable's number of pods as it is in the up that removes its autoscaler, with a warning", () => {
      const more = withDeployments({ stable: deployment("web", a, 18) });
      const opening = admitted(decide({ ...more(ordinary), isAutoscalerRemoved: true }));
      assert.deepEqual([opening.context.stableReplicas, opening.context.traffic?.canaryReplicas], [undefined, 2]);
      assert.equal(
        warningsOf(opening)[0],
        "web: stable keeps its 18 pods in this up, which removes its autoscaler; the next up sets the 9 of the program.",
      );
      assert.equal(admitted(decide(more(ordinary))).context.stableReplicas, 9);
    });

    it("canary's pods as they are for a person while a rollout is open, although stable was scaled", () => {
      const more = withDeployments({ stable: deployment("web", a, 30), canary: deployment("web-canary", b, 1) });
      const last = withState({}, { shift: { weight: 10, from: 0, to: 10 } });
      const held = all(withArgs({ replicas: "external" }), more, last, withRecord({ open: { ...open, weight: 10 } }));
      assert.equal(admitted(decide(held(ordinary))).context.traffic?.canaryReplicas, 1);
      const byDriver = decide({ ...held(ordinary), epoch: open.epoch });
      assert.equal(admitted(byDriver).context.traffic?.canaryReplicas, 3);
    });

    it("a warning if an autoscaler gives canary a share that is far from the weight", () => {
      const few = withDeployments({ stable: deployment("web", a, 1) });
      const opening = admitted(decide(all(withArgs({ replicas: "external" }), few)(ordinary)));
      assert.match(warningsOf(opening).join(), /canary gets 50 % of the requests in place of 10 %/);
    });

    it("that stable rolls back with all pods at once if the open rollout says so", () => {
      const rolled = (changes: object) =>
        admitted(decide(withRecord({ open: { ...open, weight: 10, ...changes } })(ordinary))).context.fastRollback;
      assert.deepEqual(
        [rolled({}), rolled({ fastRollback: true }), rolled({ fastRollback: false })],
        [false, true, false],
      );
      assert.equal(admitted(decide(firstRun(ordinary))).context.fastRollback, false);
    });

    it("the tasks of an adoption, on the first run and until the adopted Deployment is replaced", () => {
      const first: Change = (it) => ({ ...it, stackStates: { ...it.stackStates, own: undefined } });
      const adopting = admitted(decide(all(isAdopted(), first)(ordinary))).context.adopted;
      assert.deepEqual(adopting, {
        imports: ["Deployment", "Service"].map((kind) => ({ kind, name: "web" })),
        selector: {},
        replaces: false,
      });
      const promoted = admitted(decide(withState({}, { adopted: true })(ordinary))).context.adopted;
      assert.deepEqual(promoted, { imports: [], replaces: true });
    });

    it("the history with the releases that stable runs and last ran, beyond the limit", () => {
      const [d, e, f] = ["dddddddddddd", "eeeeeeeeeeee", "ffffffffffff"];
      const stored = [b, a, c, d, e, f].map(release);
      const change = all(
        withArgs({ releaseHistoryLimit: 1 }),
        withState({ history: stored }),
        withRecord({ stableHistory: [f, d, c] }),
      );
      const ids = admitted(decide(change(ordinary))).context.history.map(({ id }) => id);
      assert.deepEqual(ids, [b, a, c, d]);
    });
  });

  describe("of a service whose Deployment differs from its release", () => {
    const difference = { path: ["spec", "serviceAccountName"], isNamed: true, described: "web", live: "other" };
    const drifts = (track: Track, id: string): Change => {
      const found = ordinary.live.deployments[track] ?? assert.fail();
      const described = found.spec.template;
      const comparison = { kind: "compared", described, differences: [difference] } as const;
      return (it) => ({ ...it, comparisons: { [track]: { deployment: found, release: id, comparison } } });
    };

    it("warns of the drift, raises the sequence number, and stores the template", () => {
      const opening = admitted(decide(drifts("canary", b)(ordinary)));
      const { sequence } = admitted(decide(ordinary)).context;
      assert.match(opening.driftWarnings.join(), /^web canary: Deployment web-canary differs from release b{12}: /);
      assert.equal(opening.context.sequence.canary, sequence.canary + 1);
      assert.deepEqual(Object.keys(opening.compared), ["canary"]);
    });

    it("stores the template of a Deployment that does not differ, without a warning", () => {
      const canary = ordinary.live.deployments.canary ?? assert.fail();
      const comparison = { kind: "compared", described: canary.spec.template, differences: [] } as const;
      const same = { canary: { deployment: canary, release: b, comparison } };
      const opening = admitted(decide({ ...ordinary, comparisons: same }));
      assert.deepEqual([opening.driftWarnings, opening.compared], [[], same]);
      assert.deepEqual(opening.context.sequence, admitted(decide(ordinary)).context.sequence);
    });

    it("ignores a release that the history does not have and that is not chosen", () => {
      const opening = admitted(decide(drifts("canary", c)(ordinary)));
      assert.deepEqual([opening.driftWarnings, opening.compared], [[], {}]);
    });

    it("does not record a roll of stable that drifted", () => {
      const unrecorded = withRecord({ stableHistory: [] });
      assert.equal(admitted(decide(unrecorded(ordinary))).completes, true);
      assert.equal(admitted(decide(all(unrecorded, drifts("stable", a))(ordinary))).completes, false);
    });

    it("stores nothing in a preview", () => {
      assert.deepEqual(admitted(decide(all(drifts("canary", b), inPreview)(ordinary))).compared, {});
    });
  });

  describe("of an adopted service", () => {
    const asked: Change = (it) => ({ ...it, isAdoptionRequested: true });
    const writes = (change: Change) => {
      const { adopts, cutsOver, completes } = admitted(decide(change(ordinary)));
      return { adopts, cutsOver, completes };
    };

    it("adopts the objects if that is requested, and lets a cutover go on", () => {
      assert.deepEqual(writes(all(isAdopted(), asked)), { adopts: adoption, cutsOver: true, completes: false });
      assert.deepEqual(writes(isAdopted()), { adopts: undefined, cutsOver: true, completes: false });
    });

    it("leaves the cutover to the stack of stable", () => {
      assert.equal(writes(all(isAdopted(), withArgs({ tracks: ["canary"] }))).cutsOver, false);
    });

    it("writes nothing in a preview", () => {
      const nothing = { adopts: undefined, cutsOver: false, completes: false };
      assert.deepEqual(writes(all(isAdopted(), asked, withRecord({ stableHistory: [] }), inPreview)), nothing);
    });
  });
});
