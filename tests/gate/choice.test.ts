import assert from "node:assert/strict";
import type { StackState } from "../../components/history.ts";
import { adoptedAnnotation } from "../../components/names.ts";
import type { Release } from "../../components/release.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import type { Track } from "../../components/traffic.ts";
import { chooseReleases, type Situation } from "../../gate/choice.ts";
import type { AdmissionCode } from "../../gate/gate.ts";
import type { DeploymentObject } from "../../live/live.ts";
import type { RecordReading, RolloutRecord } from "../../record/record.ts";
import { serviceArgs } from "../components/fop-gate.ts";
import { verdict } from "../fake/world.ts";

const [a, b, c, d] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc", "dddddddddddd"];

const release = (id: string): Release => ({
  id,
  template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: `web:${id}` }] } },
  configMaps: {},
});

/** A Deployment that runs a release, or one that was there before us. */
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
  cluster: "uid",
  current,
  history: [],
  ...changes,
});

/** What a row says of a situation; what it leaves out is as in the ordinary one. */
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
  /** What a person is told. @default nothing */
  readonly warnings?: readonly (string | RegExp)[];
}

/** By the numbers of the conditions of `chooseReleases`. */
const conditions: [condition: string, tracks: readonly Track[], rows: Row[]][] = [
  [
    "1. canary runs what the program renders, unless release names another one",
    ["canary"],
    [
      { sentence: "what the program renders", changes: {}, canary: [b, "canary-goes-first"] },
      {
        sentence: "what it renders though the history has never had it",
        changes: { rendered: c },
        canary: [c, "canary-goes-first"],
      },
      {
        sentence: "a release that is named",
        changes: { args: { release: a } },
        canary: [a, "way-back"],
        warnings: [`web: release is set to ${a}, so canary runs ${a} and not ${b}, which this program describes.`],
      },
      {
        sentence: "the one that the program renders, where that is named, though the history has never had it",
        changes: { args: { release: c }, rendered: c },
        canary: [c, "canary-goes-first"],
      },
      {
        sentence: "with release: current what its Deployment runs completely",
        changes: { args: { release: "current" }, stackStates: { own: own({ canary: b }) } },
        canary: [a, "way-back"],
        warnings: [`web: release is set to current, so canary runs ${a} and not ${b}, which this program describes.`],
      },
      {
        sentence: "with release: current what it last ran completely, where its Deployment came to a stop on the way",
        changes: { args: { release: "current" }, deployments: { canary: runs(c, { complete: false }) } },
        canary: [a, "way-back"],
        warnings: [/^web: release is set to current, so canary runs a{12} /],
      },
      {
        sentence: "with release: current what it last ran completely, where its Deployment is gone",
        changes: { args: { release: "current" }, deployments: {} },
        canary: [a, "way-back"],
        warnings: [/^web: release is set to current, so canary runs a{12} /],
      },
      {
        sentence: "a release that was judged bad is chosen all the same, and the gate refuses it",
        changes: { record: read(judged(b, "bad")) },
        canary: [b, "judged-bad"],
      },
    ],
  ],
  [
    "2. stable in a stack of its own runs what canary runs, unless release names another one",
    ["stable"],
    [
      {
        sentence: "what canary runs, which has a good verdict",
        changes: { stackStates: { canaryRuns: b }, record: read(judged(b, "good")) },
        stable: [b, "judged-good"],
      },
      {
        sentence: "what canary runs, and the gate refuses it without a verdict",
        changes: { stackStates: { canaryRuns: b } },
        stable: [b, "no-verdict"],
      },
      {
        sentence: "a release that is named",
        changes: { args: { release: a }, stackStates: { canaryRuns: b } },
        stable: [a, "way-back"],
        warnings: [`web: release is set to ${a}, so stable runs ${a} and not ${b}, which canary runs.`],
      },
      {
        sentence: "with release: current what its Deployment runs completely",
        changes: {
          args: { release: "current" },
          stackStates: { canaryRuns: b, history: [release(c), release(b), release(a)] },
          deployments: { stable: runs(c) },
        },
        stable: [c, "way-back"],
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
        stable: [a, "way-back"],
        warnings: [`web: release is set to current, so stable runs ${a} and not ${b}, which canary runs.`],
      },
      {
        sentence: "a release that is named, where canary has never run one",
        changes: { args: { release: a }, stackStates: { canaryRuns: undefined } },
        stable: [a, "way-back"],
      },
    ],
  ],
  [
    "3. stable in one stack with canary keeps what it runs until the gate admits canary's release",
    ["stable", "canary"],
    [
      {
        sentence: "without a verdict it stays",
        changes: {},
        canary: [b, "canary-goes-first"],
        stable: [a, "way-back"],
        warnings: [/^web stable stays at a{12}\. web stable: release b{12} is refused, because it has no good verdict/],
      },
      {
        sentence: "with a good verdict the next up promotes",
        changes: { record: read(judged(b, "good")), deployments: { stable: runs(a), canary: runs(b) } },
        canary: [b, "way-back"],
        stable: [b, "judged-good"],
      },
      {
        sentence: "with a good verdict it promotes though stable is on the way to another release",
        changes: {
          record: read(judged(b, "good")),
          deployments: { stable: runs(c, { complete: false }), canary: runs(b) },
        },
        canary: [b, "way-back"],
        stable: [b, "judged-good"],
      },
      {
        sentence: "with a good verdict a stack that remembers nothing promotes too",
        changes: {
          record: read(judged(b, "good")),
          deployments: { stable: runs(a), canary: runs(b) },
          stackStates: { own: undefined },
        },
        canary: [b, "way-back"],
        stable: [b, "judged-good"],
      },
      {
        sentence: "with release: current it stays, whatever the verdict, and nothing is said of it",
        changes: {
          args: { release: "current" },
          record: read(judged(b, "good")),
          deployments: { stable: runs(a), canary: runs(b) },
        },
        canary: [b, "way-back"],
        stable: [a, "way-back"],
      },
      {
        sentence: "with a broken glass before canary runs the release completely it stays",
        changes: {
          breakGlass: "fire",
          deployments: { stable: runs(a), canary: runs(b, { complete: false }) },
        },
        canary: [b, "way-back"],
        stable: [a, "way-back"],
        warnings: [/^web stable stays at a{12}\. .* it has no good verdict/],
      },
      {
        sentence: "with a broken glass and canary running the release completely it moves",
        changes: { breakGlass: "fire", deployments: { stable: runs(a), canary: runs(b) } },
        canary: [b, "way-back"],
        stable: [b, "break-glass"],
      },
      {
        sentence: "a broken glass brings canary to a release that was judged bad",
        changes: { breakGlass: "fire", record: read(judged(b, "bad")) },
        canary: [b, "break-glass"],
        stable: [a, "way-back"],
        warnings: [/^web stable stays at a{12}\. .* it was judged bad/],
      },
      {
        sentence: "on the first install both run what the program renders",
        changes: {
          record: { kind: "absent" },
          deployments: {},
          stackStates: { own: undefined, history: [], canaryRuns: undefined, stableHasHistory: false },
        },
        canary: [b, "canary-goes-first"],
        stable: [b, "first-install"],
      },
      {
        sentence: "what never ran cannot stay, so it is canary's release that the gate refuses",
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
    "4. A stack that never ran takes an adopted Deployment in as it is",
    ["stable"],
    [
      {
        sentence: "whatever canary runs",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }) },
          stackStates: { own: undefined, canaryRuns: b },
          record: read({ stableHistory: [], ...judged(b, "good") }),
        },
        stable: [d, "way-back"],
        warnings: [/^(?!.*undone).*so stable runs d{12} and not b{12}, which canary runs/],
      },
      {
        sentence: "whatever the driver of an open rollout says",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }) },
          stackStates: { own: undefined, canaryRuns: undefined },
          record: read({ stableHistory: [], open }),
          epoch: 7,
        },
        stable: [d, "way-back"],
      },
      {
        sentence: "once it has run, it goes on to what canary runs",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }) },
          stackStates: { own: own({ stable: d }), canaryRuns: b },
          record: read({ stableHistory: [], ...judged(b, "good") }),
        },
        stable: [b, "judged-good"],
      },
      {
        sentence: "once it has run, release: current still means what was adopted",
        changes: {
          args: { release: "current" },
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }) },
          stackStates: { own: own({ stable: d }), canaryRuns: b },
        },
        stable: [d, "way-back"],
        warnings: [`web: release is set to current, so stable runs ${d} and not ${b}, which canary runs.`],
      },
    ],
  ],
  [
    "4. in one stack",
    ["stable", "canary"],
    [
      {
        sentence: "stable stays as it is, whatever the verdict",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }), canary: runs(b) },
          stackStates: { own: undefined, canaryRuns: undefined },
          record: read({ stableHistory: [], ...judged(b, "good") }),
        },
        canary: [b, "way-back"],
        stable: [d, "way-back"],
      },
      {
        sentence: "once it has run, a good verdict promotes",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }), canary: runs(b) },
          stackStates: { own: own({ stable: d, canary: b }) },
          record: read({ stableHistory: [], ...judged(b, "good") }),
        },
        canary: [b, "way-back"],
        stable: [b, "judged-good"],
      },
      {
        sentence: "canary is no place for what was adopted",
        changes: {
          adopted: release(a),
          deployments: { stable: runs(a, { adopted: true }), canary: runs(a) },
          args: { release: a },
        },
        canary: [a, "way-back"],
        stable: [a, "way-back"],
        warnings: [/^web: release is set to a{12}, so canary runs a{12} /],
      },
    ],
  ],
  [
    "5. While a rollout is open its driver says what canary runs",
    ["canary"],
    [
      {
        sentence: "the driver's up follows it",
        changes: { record: read({ open }), epoch: 7, rendered: c, deployments: { canary: runs(a) } },
        canary: [b, "canary-goes-first"],
        warnings: [`web: a rollout is open, so canary runs ${b} and not ${c}, which this program describes.`],
      },
      {
        sentence: "the driver's up follows it, whatever release names",
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
        sentence: "a driver that says nothing leaves it to the program",
        changes: { record: read({ open: { epoch: 7, release: b } }), epoch: 7 },
        canary: [b, "canary-goes-first"],
      },
      {
        sentence: "a driver that says something of stable alone leaves canary to the program",
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
    "5. its driver says what stable runs",
    ["stable"],
    [
      {
        sentence: "the driver's up follows it, and says that it is not what canary runs",
        changes: { record: read({ open }), epoch: 7, stackStates: { canaryRuns: b } },
        stable: [a, "way-back"],
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
        stable: [a, "way-back"],
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
        sentence: "it takes stable back to what was adopted, which no history has",
        changes: {
          adopted: release(d),
          deployments: { stable: runs(d, { adopted: true }), canary: runs(b) },
          stackStates: { own: own({ stable: d, canary: b }) },
          record: read({ stableHistory: [], open: { ...open, runs: { canary: b, stable: d } } }),
          epoch: 7,
        },
        canary: [b, "way-back"],
        stable: [d, "way-back"],
      },
      {
        sentence: "a bare up does not, and stable stays",
        changes: { record: read({ open: { ...open, runs: { canary: b, stable: b } }, ...judged(b, "good") }) },
        canary: [b, "rollout-open"],
        stable: [a, "way-back"],
        warnings: [/^web stable stays at a{12}\. .* while the rollout of b{12} is open/],
      },
    ],
  ],
  [
    "6. A release that was undone stays so, on canary",
    ["canary"],
    [
      {
        sentence: "another one runs in its place",
        changes: { record: read(undone) },
        canary: [a, "way-back"],
        warnings: [
          `web: release ${b} was undone, so canary runs ${a} and not ${b}, which this program describes: describe another one, or overrule that with gray approve ${b}.`,
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
        sentence: "a release that is named hides the undone one for another reason",
        changes: { record: read({ replacedBy: { [b]: c } }), args: { release: a } },
        canary: [a, "way-back"],
        warnings: [`web: release is set to ${a}, so canary runs ${a} and not ${b}, which this program describes.`],
      },
      {
        sentence: "a record that cannot be read undoes nothing",
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
        sentence: "another one runs in the place of what canary still runs",
        changes: { record: read(undone), stackStates: { canaryRuns: b } },
        stable: [a, "way-back"],
        warnings: [
          `web: release ${b} was undone, so stable runs ${a} and not ${b}, which canary runs: describe another one, or overrule that with gray approve ${b}.`,
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
    "7. What hides a newer release, or keeps it from stable because canary does not run it, is said on every run",
    ["stable"],
    [
      {
        sentence: "canary has not run what the program describes",
        changes: { rendered: c },
        stable: [a, "way-back"],
        warnings: [
          `web: canary runs ${a} and not ${c}, which this program describes, so stable runs ${a}: run pulumi up --stack canary first.`,
        ],
      },
      {
        sentence: "with the name of canary's stack",
        changes: { rendered: c, args: { canaryStack: "try" } },
        stable: [a, "way-back"],
        warnings: [/: run pulumi up --stack try first\.$/],
      },
      {
        sentence: "without that advice where canary has run it before",
        changes: { rendered: b },
        stable: [a, "way-back"],
        warnings: [`web: canary runs ${a} and not ${b}, which this program describes, so stable runs ${a}.`],
      },
      {
        sentence: "what was undone, where canary has gone back already",
        changes: { rendered: b, record: read(undone) },
        stable: [a, "way-back"],
        warnings: [
          `web: release ${b} was undone, so stable runs ${a} and not ${b}, which this program describes: describe another one, or overrule that with gray approve ${b}.`,
        ],
      },
      { sentence: "nothing where all three are one", changes: { rendered: a }, stable: [a, "way-back"] },
      { sentence: "nothing to a driver", changes: { rendered: c, epoch: 7 }, stable: [a, "way-back"] },
      {
        sentence: "nothing where release names what canary runs",
        changes: { rendered: c, args: { release: a } },
        stable: [a, "way-back"],
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

  it("gives each release with its content: the rendered one, a kept one and an adopted one", () => {
    assert.deepEqual(chosen(["canary"], {}).releases.canary, release(b));
    assert.deepEqual(chosen(["stable"], {}).releases.stable, release(a));
    const taken = chosen(["stable"], {
      adopted: release(d),
      deployments: { stable: runs(d, { adopted: true }) },
      stackStates: { own: undefined },
    });
    assert.deepEqual(taken.releases.stable, release(d));
  });

  it("is refused where canary has never run a release that stable could follow", () => {
    assert.throws(() => chosen(["stable"], { stackStates: { canaryRuns: undefined } }), { name: "Refusal" });
  });

  it("asks the gate with all that is known", () => {
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
      "canary's named release is not kept",
      ["canary"],
      { args: { release: c } },
      `web canary: release ${c} is not in the history, which keeps ${b}, ${a}: set release to one of these, to next or to current.`,
    ],
    [
      "stable's named release is not kept",
      ["stable"],
      { args: { release: c } },
      `web stable: release ${c} is not in the history, which keeps ${b}, ${a}: set release to one of these, to next or to current.`,
    ],
    [
      "nothing is kept",
      ["canary"],
      { args: { release: c }, stackStates: { history: [] } },
      `web canary: release ${c} is not in the history, which keeps none: set release to one of these, to next or to current.`,
    ],
    [
      "nothing ever ran that could be the current one",
      ["canary"],
      { args: { release: "current" }, deployments: {}, stackStates: { own: undefined } },
      `web canary: release current is not in the history, which keeps ${b}, ${a}: set release to one of these, to next or to current.`,
    ],
    [
      "canary is to run what stable was when it was adopted",
      ["canary"],
      { adopted: release(d), args: { release: d } },
      `web canary: release ${d} is not in the history, which keeps ${b}, ${a}: set release to one of these, to next or to current.`,
    ],
  ];
  for (const [sentence, tracks, changes, message] of refusals) {
    it(`is refused where ${sentence}`, () => {
      assert.throws(() => chosen(tracks, changes), { name: "Refusal", message });
    });
  }
});
