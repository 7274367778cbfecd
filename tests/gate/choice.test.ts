import assert from "node:assert/strict";
import type { StackState } from "../../components/history.ts";
import { adoptedAnnotation } from "../../components/names.ts";
import type { Release } from "../../components/release.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import type { Track } from "../../components/traffic.ts";
import { chooseReleases, type Situation } from "../../gate/choice.ts";
import type { AdmissionCode } from "../../gate/gate.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import type { RecordReading, RolloutRecord } from "../../record/record.ts";
import { serviceArgs } from "../components/fop-gate.ts";
import { verdict } from "../fake/world.ts";

const [a, b, c, d] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc", "dddddddddddd"];

const release = (id: string): Release => ({
  id,
  template: {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "web", image: `web:${id}`, readinessProbe: {} }] },
  },
  configMaps: {},
});

/** A Deployment that runs a release, perhaps an adopted one. */
function runs(id: string, { complete = true, adopted = false } = {}): DeploymentObject {
  return {
    metadata: {
      name: "web",
      namespace: "shop",
      uid: "uid",
      generation: 1,
      annotations: adopted ? { [adoptedAnnotation]: id } : {},
    },
    spec: {
      replicas: 3,
      selector: {},
      template: { metadata: { labels: adopted ? {} : { release: id } }, spec: release(id).template.spec },
    },
    status: { observedGeneration: 1, replicas: 3, updatedReplicas: complete ? 3 : 1, availableReplicas: 3 },
  };
}

const read = (changes: Partial<RolloutRecord> = {}): RecordReading => ({
  kind: "read",
  record: { version: 2, cluster: "uid", sequence: 0, verdicts: {}, stableHistory: [a], ...changes },
});

const own = (current: StackState["current"], changes: Partial<StackState> = {}): StackState => ({
  namespace: "dora-apps",
  cluster: "uid",
  current,
  history: [],
  ...changes,
});

/** The part of a situation that differs from the ordinary one. */
interface Changes extends Partial<Omit<Situation, "args" | "stackStates" | "live">> {
  readonly args?: Partial<ServiceArgs>;
  readonly stackStates?: Partial<Situation["stackStates"]>;
  readonly deployments?: Situation["live"]["deployments"];
  /** Id of the release that the program describes. @default b */
  readonly rendered?: string;
}

/** Stable runs a, canary runs a, and the program describes b; the history has b and a. */
function chosen(tracks: readonly Track[], changes: Changes) {
  const { args, stackStates, deployments, rendered = b, ...rest } = changes;
  const situation: Situation = {
    service: "web",
    args: serviceArgs({ tracks, ...args }),
    live: {
      cluster: "uid",
      namespaceExists: true,
      deployments: deployments ?? { stable: runs(a), canary: runs(a) },
      front: { service: undefined, canaryAccess: undefined, ingress: undefined, routes: [] },
    },
    record: read(),
    stackStates: {
      own: own({ stable: a, canary: a }),
      history: [release(b), release(a)],
      damaged: [],
      gone: [],
      canaryRuns: a,
      stableHasHistory: true,
      ...stackStates,
    },
    adopted: undefined,
    breakGlass: undefined,
    epoch: undefined,
    ...rest,
  };
  return chooseReleases(situation, release(rendered));
}

const open = { epoch: 7, release: b, weight: 10, runs: { canary: b, stable: a } };
const undone = { replacedBy: { [b]: a } };
const judged = (id: string, word: "good" | "bad") => ({ verdicts: { [id]: verdict(word) } });

interface Row {
  readonly sentence: string;
  readonly changes: Changes;
  /** Id of the release that each track runs, and the code of its admission. */
  readonly canary?: readonly [release: string, code: AdmissionCode];
  readonly stable?: readonly [release: string, code: AdmissionCode];
  /** The warnings for the user. @default none */
  readonly warnings?: readonly (string | RegExp)[];
}

/** By the numbers of the conditions of `chooseReleases`. */
const conditions: [condition: string, tracks: readonly Track[], rows: Row[]][] = [
  [
    "1. canary runs the release that the program renders, unless release names another one",
    ["canary"],
    [
      { sentence: "the rendered release", changes: {}, canary: [b, "canary-goes-first"] },
      {
        sentence: "the rendered release, even if the history has never had it",
        changes: { rendered: c },
        canary: [c, "canary-goes-first"],
      },
      {
        sentence: "a named release",
        changes: { args: { release: a } },
        canary: [a, "rollback"],
        warnings: [`web: release is set to ${a}, so canary runs ${a} and not ${b}, which this program describes.`],
      },
      {
        sentence: "a named release that the program renders, even if the history has never had it",
        changes: { args: { release: c }, rendered: c },
        canary: [c, "canary-goes-first"],
      },
      {
        sentence: "with release: current the release that its Deployment runs completely",
        changes: { args: { release: "current" }, stackStates: { own: own({ canary: b }) } },
        canary: [a, "rollback"],
        warnings: [`web: release is set to current, so canary runs ${a} and not ${b}, which this program describes.`],
      },
      {
        sentence: "with release: current its last complete release, if the roll of its Deployment is stuck",
        changes: { args: { release: "current" }, deployments: { canary: runs(c, { complete: false }) } },
        canary: [a, "rollback"],
        warnings: [/^web: release is set to current, so canary runs a{12} /],
      },
      {
        sentence: "with release: current its last complete release, if its Deployment was deleted",
        changes: { args: { release: "current" }, deployments: {} },
        canary: [a, "rollback"],
        warnings: [/^web: release is set to current, so canary runs a{12} /],
      },
      {
        sentence: "a release judged bad, and the gate refuses it",
        changes: { record: read(judged(b, "bad")) },
        canary: [b, "judged-bad"],
      },
    ],
  ],
  [
    "2. stable in a stack of its own runs canary's release, unless release names another one",
    ["stable"],
    [
      {
        sentence: "canary's release, with a good verdict",
        changes: { stackStates: { canaryRuns: b }, record: read(judged(b, "good")) },
        stable: [b, "judged-good"],
      },
      {
        sentence: "canary's release, and the gate refuses it without a verdict",
        changes: { stackStates: { canaryRuns: b } },
        stable: [b, "no-verdict"],
      },
      {
        sentence: "a named release",
        changes: { args: { release: a }, stackStates: { canaryRuns: b } },
        stable: [a, "rollback"],
        warnings: [`web: release is set to ${a}, so stable runs ${a} and not ${b}, which canary runs.`],
      },
      {
        sentence: "with release: current the release that its Deployment runs completely",
        changes: {
          args: { release: "current" },
          stackStates: { canaryRuns: b, history: [release(c), release(b), release(a)] },
          deployments: { stable: runs(c) },
        },
        stable: [c, "rollback"],
        warnings: [`web: release is set to current, so stable runs ${c} and not ${b}, which canary runs.`],
      },
      {
        sentence:
          "with release: current what the record says it last ran completely, where its Deployment is on the way",
        changes: {
          args: { release: "current" },
          stackStates: { canaryRuns: b, own: own({ stable: b }) },
          deployments: { stable: runs(b, { complete: false }) },
        },
        stable: [a, "rollback"],
        warnings: [`web: release is set to current, so stable runs ${a} and not ${b}, which canary runs.`],
      },
      {
        sentence: "a named release, if canary has never run one",
        changes: { args: { release: a }, stackStates: { canaryRuns: undefined } },
        stable: [a, "rollback"],
      },
    ],
  ],
  [
    "3. stable in one stack with canary keeps its release until the gate admits canary's",
    ["stable", "canary"],
    [
      {
        sentence: "without a verdict it stays",
        changes: {},
        canary: [b, "canary-goes-first"],
        stable: [a, "rollback"],
        warnings: [
          /^web stable stays at a{12}\. web stable: release b{12} is refused, because it has not been judged good yet/,
        ],
      },
      {
        sentence: "with a good verdict the next up promotes",
        changes: { record: read(judged(b, "good")), deployments: { stable: runs(a), canary: runs(b) } },
        canary: [b, "rollback"],
        stable: [b, "judged-good"],
      },
      {
        sentence: "with a good verdict it promotes even if stable rolls to another release",
        changes: {
          record: read(judged(b, "good")),
          deployments: { stable: runs(c, { complete: false }), canary: runs(b) },
        },
        canary: [b, "rollback"],
        stable: [b, "judged-good"],
      },
      {
        sentence: "with a good verdict a stack without state promotes too",
        changes: {
          record: read(judged(b, "good")),
          deployments: { stable: runs(a), canary: runs(b) },
          stackStates: { own: undefined },
        },
        canary: [b, "rollback"],
        stable: [b, "judged-good"],
      },
      {
        sentence: "with release: current it stays at any verdict, without a warning",
        changes: {
          args: { release: "current" },
          record: read(judged(b, "good")),
          deployments: { stable: runs(a), canary: runs(b) },
        },
        canary: [b, "rollback"],
        stable: [a, "rollback"],
      },
      {
        sentence: "with a break-glass override before canary runs the release completely it stays",
        changes: {
          breakGlass: "fire",
          deployments: { stable: runs(a), canary: runs(b, { complete: false }) },
        },
        canary: [b, "rollback"],
        stable: [a, "rollback"],
        warnings: [/^web stable stays at a{12}\. .* it has not been judged good yet/],
      },
      {
        sentence: "with a break-glass override and canary running the release completely it changes",
        changes: { breakGlass: "fire", deployments: { stable: runs(a), canary: runs(b) } },
        canary: [b, "rollback"],
        stable: [b, "break-glass"],
      },
      {
        sentence: "a break-glass override changes canary to a release judged bad",
        changes: { breakGlass: "fire", record: read(judged(b, "bad")) },
        canary: [b, "break-glass"],
        stable: [a, "rollback"],
        warnings: [/^web stable stays at a{12}\. .* it was judged bad/],
      },
      {
        sentence: "on the first install both run the rendered release",
        changes: {
          record: { kind: "absent" },
          deployments: {},
          stackStates: { own: undefined, history: [], canaryRuns: undefined, stableHasHistory: false },
        },
        canary: [b, "canary-goes-first"],
        stable: [b, "first-install"],
      },
      {
        sentence: "a track that never ran has no release to keep, so the gate refuses canary's",
        changes: {
          record: read({ stableHistory: [] }),
          deployments: {},
          stackStates: { own: undefined, history: [], canaryRuns: undefined, stableHasHistory: false },
        },
        canary: [b, "canary-goes-first"],
        stable: [b, "no-verdict"],
      },
    ],
  ],
  [
    "4. A stack that never ran adopts a Deployment with the release that it runs",
    ["stable"],
    [
      {
        sentence: "the release that canary runs too, without a warning",
        changes: {
          adopted: release(b),
          deployments: { stable: runs(b, { adopted: true }) },
          stackStates: { own: undefined, canaryRuns: b },
        },
        stable: [b, "rollback"],
      },
      {
        sentence: "with any release on canary",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }) },
          stackStates: { own: undefined, canaryRuns: b },
          record: read({ stableHistory: [], ...judged(b, "good") }),
        },
        stable: [d, "rollback"],
        warnings: [
          `web: this up adopts Deployment web with the release that it runs, so stable runs ${d} and not ${b}, which canary runs: run pulumi up again to change stable.`,
        ],
      },
      {
        sentence: "a release that was rolled back on canary is not the reason",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }) },
          stackStates: { own: undefined, canaryRuns: b },
          record: read({ stableHistory: [], ...undone }),
        },
        stable: [d, "rollback"],
        warnings: [/^web: this up adopts Deployment web .*so stable runs d{12} and not b{12}, which canary runs/],
      },
      {
        sentence: "with release: current that is the reason",
        changes: {
          args: { release: "current" },
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }) },
          stackStates: { own: undefined, canaryRuns: b },
          record: read({ stableHistory: [] }),
        },
        stable: [d, "rollback"],
        warnings: [`web: release is set to current, so stable runs ${d} and not ${b}, which canary runs.`],
      },
      {
        sentence: "with any choice of the driver of an open rollout",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }) },
          stackStates: { own: undefined, canaryRuns: undefined },
          record: read({ stableHistory: [], open }),
          epoch: 7,
        },
        stable: [d, "rollback"],
      },
      {
        sentence: "after its first run, it changes to canary's release",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }) },
          stackStates: { own: own({ stable: d }), canaryRuns: b },
          record: read({ stableHistory: [], ...judged(b, "good") }),
        },
        stable: [b, "judged-good"],
      },
      {
        sentence: "after its first run, release: current still means the adopted release",
        changes: {
          args: { release: "current" },
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }) },
          stackStates: { own: own({ stable: d }), canaryRuns: b },
        },
        stable: [d, "rollback"],
        warnings: [`web: release is set to current, so stable runs ${d} and not ${b}, which canary runs.`],
      },
    ],
  ],
  [
    "4. in one stack",
    ["stable", "canary"],
    [
      {
        sentence: "stable stays as it is at any verdict",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }), canary: runs(b) },
          stackStates: { own: undefined, canaryRuns: undefined },
          record: read({ stableHistory: [], ...judged(b, "good") }),
        },
        canary: [b, "rollback"],
        stable: [d, "rollback"],
      },
      {
        sentence: "after its first run, a good verdict promotes",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }), canary: runs(b) },
          stackStates: { own: own({ stable: d, canary: b }) },
          record: read({ stableHistory: [], ...judged(b, "good") }),
        },
        canary: [b, "rollback"],
        stable: [b, "judged-good"],
      },
      {
        sentence: "canary cannot run the adopted release",
        changes: {
          adopted: release(a),
          deployments: { stable: runs(a, { adopted: true }), canary: runs(a) },
          args: { release: a },
        },
        canary: [a, "rollback"],
        stable: [a, "rollback"],
        warnings: [/^web: release is set to a{12}, so canary runs a{12} /],
      },
    ],
  ],
  [
    "5. While a rollout is open, its driver chooses canary's release",
    ["canary"],
    [
      {
        sentence: "the driver's up follows it",
        changes: { record: read({ open }), epoch: 7, rendered: c, deployments: { canary: runs(a) } },
        canary: [b, "canary-goes-first"],
        warnings: [`web: a rollout is open, so canary runs ${b} and not ${c}, which this program describes.`],
      },
      {
        sentence: "the driver's up follows it, even if release names another one",
        changes: { record: read({ open }), epoch: 7, args: { release: a } },
        canary: [b, "canary-goes-first"],
      },
      {
        sentence: "a bare up does not, and the gate refuses it",
        changes: { record: read({ open }), rendered: c },
        canary: [c, "rollout-open"],
      },
      {
        sentence: "the up of another driver does not, and the gate refuses it",
        changes: { record: read({ open }), epoch: 6, rendered: c },
        canary: [c, "rollout-open"],
      },
      {
        sentence: "a driver without a choice leaves it to the program",
        changes: { record: read({ open: { epoch: 7, release: b } }), epoch: 7 },
        canary: [b, "canary-goes-first"],
      },
      {
        sentence: "a driver with a choice for stable alone leaves canary to the program",
        changes: { record: read({ open: { epoch: 7, release: b, runs: { stable: a } } }), epoch: 7 },
        canary: [b, "canary-goes-first"],
      },
      {
        sentence: "an epoch without an open rollout changes nothing",
        changes: { epoch: 7 },
        canary: [b, "canary-goes-first"],
      },
    ],
  ],
  [
    "5. its driver chooses stable's release",
    ["stable"],
    [
      {
        sentence: "the driver's up follows it, with a warning that canary runs another release",
        changes: { record: read({ open }), epoch: 7, stackStates: { canaryRuns: b } },
        stable: [a, "rollback"],
        warnings: [`web: a rollout is open, so stable runs ${a} and not ${b}, which canary runs.`],
      },
      {
        sentence: "a bare up does not, and the gate refuses it",
        changes: { record: read({ open }), stackStates: { canaryRuns: b } },
        stable: [b, "rollout-open"],
      },
    ],
  ],
  [
    "5. in one stack, of both",
    ["stable", "canary"],
    [
      {
        sentence: "the driver's up follows it, and stable stays without a warning",
        changes: { record: read({ open }), epoch: 7, breakGlass: "fire" },
        canary: [b, "break-glass"],
        stable: [a, "rollback"],
      },
      {
        sentence: "it promotes a release that the history does not have yet",
        changes: {
          record: read({ open: { ...open, release: c, runs: { canary: c, stable: c } }, ...judged(c, "good") }),
          epoch: 7,
          rendered: c,
        },
        canary: [c, "judged-good"],
        stable: [c, "judged-good"],
      },
      {
        sentence: "it rolls stable back to the adopted release, which is in no history",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }), canary: runs(b) },
          stackStates: { own: own({ stable: d, canary: b }) },
          record: read({ stableHistory: [], open: { ...open, runs: { canary: b, stable: d } } }),
          epoch: 7,
        },
        canary: [b, "rollback"],
        stable: [d, "rollback"],
      },
      {
        sentence: "a bare up does not, and stable stays",
        changes: { record: read({ open: { ...open, runs: { canary: b, stable: b } }, ...judged(b, "good") }) },
        canary: [b, "rollout-open"],
        stable: [a, "rollback"],
        warnings: [/^web stable stays at a{12}\. .* while the rollout of b{12} is open/],
      },
    ],
  ],
  [
    "6. A release that was rolled back stays so, on canary",
    ["canary"],
    [
      {
        sentence: "its replacement runs",
        changes: { record: read(undone) },
        canary: [a, "rollback"],
        warnings: [
          `web: release ${b} was rolled back, so canary runs ${a} and not ${b}, which this program describes: describe another release in the program, or let this one run again with gray approve ${b} --reason "…" -n dora-apps --service web.`,
        ],
      },
      {
        sentence: "until the program renders a third",
        changes: { record: read(undone), rendered: c },
        canary: [c, "canary-goes-first"],
      },
      {
        sentence: "or a person names it",
        changes: { record: read(undone), args: { release: b } },
        canary: [b, "canary-goes-first"],
      },
      {
        sentence: "with a named release the warning gives that as the reason",
        changes: { record: read({ replacedBy: { [b]: c } }), args: { release: a } },
        canary: [a, "rollback"],
        warnings: [`web: release is set to ${a}, so canary runs ${a} and not ${b}, which this program describes.`],
      },
      {
        sentence: "with an unreadable record no release is rolled back",
        changes: { record: { kind: "unreadable", why: "damaged" } },
        canary: [b, "record-unreadable"],
      },
    ],
  ],
  [
    "6. and on stable in a stack of its own",
    ["stable"],
    [
      {
        sentence: "its replacement runs while canary still runs it",
        changes: { record: read(undone), stackStates: { canaryRuns: b } },
        stable: [a, "rollback"],
        warnings: [
          `web: release ${b} was rolled back, so stable runs ${a} and not ${b}, which canary runs: describe another release in the program, or let this one run again with gray approve ${b} --reason "…" -n dora-apps --service web.`,
        ],
      },
      {
        sentence: "a person may name it",
        changes: {
          record: read({ ...undone, ...judged(b, "good") }),
          stackStates: { canaryRuns: b },
          args: { release: b },
        },
        stable: [b, "judged-good"],
      },
    ],
  ],
  [
    "7. Every run warns if a newer release is hidden, or does not reach stable because canary does not run it",
    ["stable"],
    [
      {
        sentence: "canary has not run the program's release",
        changes: { rendered: c },
        stable: [a, "rollback"],
        warnings: [
          `web: canary runs ${a} and not ${c}, which this program describes, so stable runs ${a}: run pulumi up --stack canary first.`,
        ],
      },
      {
        sentence: "with the name of canary's stack",
        changes: { rendered: c, args: { canaryStack: "try" } },
        stable: [a, "rollback"],
        warnings: [/: run pulumi up --stack try first\.$/],
      },
      {
        sentence: "without that advice if canary has run it before",
        changes: { rendered: b },
        stable: [a, "rollback"],
        warnings: [`web: canary runs ${a} and not ${b}, which this program describes, so stable runs ${a}.`],
      },
      {
        sentence: "a release that was rolled back, if canary has rolled back already",
        changes: { rendered: b, record: read(undone) },
        stable: [a, "rollback"],
        warnings: [
          `web: release ${b} was rolled back, so stable runs ${a} and not ${b}, which this program describes: describe another release in the program, or let this one run again with gray approve ${b} --reason "…" -n dora-apps --service web.`,
        ],
      },
      { sentence: "no warning if all three are the same", changes: { rendered: a }, stable: [a, "rollback"] },
      { sentence: "no warning for a driver", changes: { rendered: c, epoch: 7 }, stable: [a, "rollback"] },
      {
        sentence: "no warning if release names canary's release",
        changes: { rendered: c, args: { release: a } },
        stable: [a, "rollback"],
      },
    ],
  ],
];

describe("the choice of releases", () => {
  for (const [condition, tracks, rows] of conditions) {
    describe(condition, () => {
      for (const { sentence, changes, canary, stable, warnings = [] } of rows) {
        it(sentence, () => {
          const { releases, admissions, warnings: told } = chosen(tracks, changes);
          const found = (track: Track) => releases[track] && [releases[track].id, admissions[track]?.code];
          assert.deepEqual({ canary: found("canary"), stable: found("stable") }, { canary, stable });
          assert.equal(told.length, warnings.length, told.join("\n"));
          for (const [at, expected] of warnings.entries()) {
            if (typeof expected === "string") assert.equal(told[at], expected);
            else assert.match(told[at] ?? "", expected);
          }
        });
      }
    });
  }

  it("gives each release with its content: the rendered one, a stored one and an adopted one", () => {
    assert.deepEqual(chosen(["canary"], {}).releases.canary, release(b));
    assert.deepEqual(chosen(["stable"], {}).releases.stable, release(a));
    const taken = chosen(["stable"], {
      adopted: release(d),
      deployments: { stable: runs(d, { adopted: true }) },
      stackStates: { own: undefined },
    });
    assert.deepEqual(taken.releases.stable, release(d));
  });

  it("is refused if canary has never run a release that stable could follow", () => {
    assert.throws(() => chosen(["stable"], { stackStates: { canaryRuns: undefined } }), { name: "UserError" });
  });

  it("passes everything that is known to the gate", () => {
    const firstInstall: Changes = {
      record: { kind: "absent" },
      stackStates: { own: undefined, canaryRuns: b, stableHasHistory: false },
    };
    const code = (changes: Changes) => chosen(["stable"], changes).admissions.stable?.code;
    assert.equal(code({ ...firstInstall, deployments: { canary: runs(b) } }), "first-install");
    assert.equal(
      code({ ...firstInstall, deployments: { canary: runs(b, { complete: false }) } }),
      "canary-not-available",
    );
    assert.equal(code({ ...firstInstall, deployments: { stable: runs(a), canary: runs(b) } }), "no-record");
    assert.equal(
      code({
        ...firstInstall,
        stackStates: { own: undefined, canaryRuns: b, stableHasHistory: true },
        deployments: {},
      }),
      "no-record",
    );
  });

  const refusals: [sentence: string, tracks: readonly Track[], changes: Changes, message: string][] = [
    [
      "canary's named release is not in the history",
      ["canary"],
      { args: { release: c } },
      `web canary: release ${c} is not in the history, which keeps ${b}, ${a}: set release to one of these, to next or to current.`,
    ],
    [
      "stable's named release is not in the history",
      ["stable"],
      { args: { release: c } },
      `web stable: release ${c} is not in the history, which keeps ${b}, ${a}: set release to one of these, to next or to current.`,
    ],
    [
      "canary's stack names no release that canary runs, so there is none to follow",
      ["stable"],
      { args: { canaryStack: "try" }, stackStates: { canaryRuns: undefined } },
      "web stable: canary has not run a release completely yet, and stable runs only what canary has run: run pulumi up --stack try first.",
    ],
    [
      "the history is empty",
      ["canary"],
      { args: { release: c }, stackStates: { history: [] } },
      `web canary: release ${c} is not in the history, which keeps none: set release to one of these, to next or to current.`,
    ],
    [
      "the track never ran, so there is no current release",
      ["canary"],
      { args: { release: "current" }, deployments: {}, stackStates: { own: undefined } },
      `web canary: release current is not in the history, which keeps ${b}, ${a}: set release to one of these, to next or to current.`,
    ],
    [
      "canary's named release is the adopted one",
      ["canary"],
      { adopted: release(d), args: { release: d } },
      `web canary: release ${d} is not in the history, which keeps ${b}, ${a}: set release to one of these, to next or to current.`,
    ],
  ];
  it("tells a stack that owns both tracks of no other stack", () => {
    const situations: Changes[] = [
      {},
      { rendered: c },
      { rendered: c, args: { release: "current" } },
      { args: { release: c } },
      { deployments: {}, stackStates: { own: undefined, history: [], canaryRuns: undefined, stableHasHistory: false } },
      { stackStates: { canaryRuns: undefined } },
      { record: read({ verdicts: { [b]: verdict("bad") } }) },
    ];
    const told = situations.map((changes) => {
      try {
        const { admissions, warnings } = chosen(["stable", "canary"], changes);
        return [...warnings, ...Object.values(admissions).map(({ sentence }) => sentence)].join(" ");
      } catch (error) {
        return String(error);
      }
    });
    assert.ok(
      told.some((each) => each.includes("stable stays")),
      told.join("\n"),
    );
    assert.ok(
      told.some((each) => each.startsWith("UserError: ")),
      told.join("\n"),
    );
    assert.doesNotMatch(told.join("\n"), /--stack|stack of canary|that owns canary/);
  });

  for (const [sentence, tracks, changes, message] of refusals) {
    it(`is refused if ${sentence}`, () => {
      assert.throws(() => chosen(tracks, changes), { name: "UserError", message });
    });
  }
});
