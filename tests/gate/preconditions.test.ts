import assert from "node:assert/strict";
import { adoptedAnnotation, serviceLabel, workerAnnotation } from "../../components/names.ts";
import type { Release } from "../../components/release.ts";
import { assertKnown, assertPreconditions, besideWorkerWarning } from "../../gate/preconditions.ts";
import type { StackStates } from "../../gate/stack-state.ts";
import type { Live } from "../../live/live.ts";
import type { RecordReading, RolloutRecord } from "../../record/record.ts";
import { serviceArgs } from "../components/fop-gate.ts";

const ours = { [serviceLabel]: "web" };
const object = (name: string, labels: object = ours) => ({ metadata: { name, namespace: "dora-apps", labels } });
/** A Deployment that this program created. */
const deployment = (
  track: "stable" | "canary",
  changes: object = {},
  selector: object | undefined = { app: "web", track },
) => ({
  metadata: { ...object(track === "stable" ? "web" : "web-canary").metadata, ...changes },
  spec: { selector: selector && { matchLabels: selector } },
});
const live = (deployments: object, front: object = {}, namespaceExists = true) =>
  ({ namespaceExists, deployments, front: { routes: [], ...front } }) as unknown as Live;
const ingress = { host: "web.example.com" } as never;

describe("the preconditions of an up", () => {
  it("are met by a service that does not exist, and by one that this program created", () => {
    assertPreconditions("web", serviceArgs({ ingress }), live({}), undefined);
    const deployments = { stable: deployment("stable"), canary: deployment("canary") };
    const front = { service: object("web"), canaryAccess: object("web-canary"), ingress: object("web") };
    assertPreconditions("web", serviceArgs({ ingress }), live(deployments, front), undefined);
  });

  const foreign = (name: string) => object(name, { [serviceLabel]: "other" });
  for (const [sentence, found, refusal] of [
    [
      "include the namespace",
      live({}, {}, false),
      "Namespace dora-apps does not exist in the cluster: create it with kubectl create namespace dora-apps, or correct the namespace in the configuration.",
    ],
    [
      "include the selector of stable's Deployment, which may be adopted",
      live({ stable: deployment("stable", {}, { app: "old" }) }),
      "Deployment web in namespace dora-apps selects app=old and this program app=web,track=stable: a selector cannot be changed on a live Deployment, so adopt it with gray adopt web if kubectl or Helm created it, choose another service name, or remove that Deployment yourself if nothing uses it.",
    ],
    [
      "include the selector of canary's Deployment",
      live({ canary: { ...deployment("canary"), spec: { selector: {} } } }),
      "Deployment web-canary in namespace dora-apps selects  and this program app=web,track=canary: a selector cannot be changed on a live Deployment, so choose another service name, or remove that Deployment yourself if nothing uses it.",
    ],
    [
      "include that this program created the Deployment",
      live({ stable: deployment("stable", { labels: { [serviceLabel]: "other" } }) }),
      "Deployment web in namespace dora-apps was not created by this program: choose another service name, or remove that Deployment yourself if nothing uses it.",
    ],
    [
      "include that this program created the Service",
      live({}, { service: foreign("web") }),
      "Service web in namespace dora-apps was not created by this program: choose another service name, or remove that Service yourself if nothing uses it.",
    ],
    [
      "include that this program created canary's Service",
      live({}, { canaryAccess: foreign("web-canary") }),
      "Service web-canary in namespace dora-apps was not created by this program: choose another service name, or remove that Service yourself if nothing uses it.",
    ],
    [
      "include that this program created the Ingress",
      live({}, { ingress: foreign("web") }),
      "Ingress web in namespace dora-apps was not created by this program: choose another service name, or remove that Ingress yourself if nothing uses it.",
    ],
  ] as const) {
    it(sentence, () => {
      assert.throws(() => assertPreconditions("web", serviceArgs({ ingress }), found, undefined), {
        name: "UserError",
        message: refusal,
      });
    });
  }

  describe("of a worker", () => {
    const worker = serviceArgs({ ports: [] });
    const check = (found: Live) => assertPreconditions("web", worker, found, undefined);
    const marked = { annotations: { [workerAnnotation]: "true" } };

    it("are met by one that does not exist, and by a live one beside whatever Services", () => {
      check(live({}));
      const front = { service: foreign("web"), canaryAccess: foreign("web-canary") };
      check(live({ canary: deployment("canary", marked) }, front));
      check(live({ stable: deployment("stable", marked), canary: deployment("canary", marked) }, front));
    });

    for (const [name, front] of [
      ["web", { service: foreign("web") }],
      ["web-canary", { canaryAccess: foreign("web-canary") }],
    ] as const) {
      it(`include that nothing but a live worker has the Service ${name}`, () => {
        assert.throws(() => check(live({}, front)), {
          name: "UserError",
          message: `Service ${name} exists in namespace dora-apps, and ports of web is [], which describes a worker without a Service: choose another service name, give the ports, or remove that Service yourself if nothing uses it.`,
        });
      });
    }

    for (const [sentence, found] of [
      ["live", live({ canary: deployment("canary") }, { service: object("web"), canaryAccess: object("web-canary") })],
      ["live without its Services", live({ stable: deployment("stable") })],
      ["of which a Service is left", live({}, { canaryAccess: object("web-canary") })],
    ] as const) {
      it(`include that it is no service with ports, ${sentence}`, () => {
        assert.throws(() => check(found), {
          name: "UserError",
          message:
            "web was installed in namespace dora-apps as a service with ports, and its ports is [] now, which describes a worker: a service cannot become a worker under its name, so choose another service name, or give the ports.",
        });
      });
    }

    it("are silent in a stack without canary", () => {
      const args = serviceArgs({ ports: [], tracks: ["stable"] });
      assertPreconditions("web", args, live({}, { service: foreign("web") }), undefined);
      assert.equal(besideWorkerWarning("web", args, live({}, { service: foreign("web") })), undefined);
    });

    it("warn of a Service beside a live worker", () => {
      assert.equal(
        besideWorkerWarning("web", worker, live({}, { canaryAccess: foreign("web-canary") })),
        "web is a worker, and Service web-canary in namespace dora-apps was not created by this program and may send requests to its pods: remove that Service yourself if nothing uses it.",
      );
      assert.equal(besideWorkerWarning("web", worker, live({})), undefined);
      assert.equal(besideWorkerWarning("web", serviceArgs(), live({}, { service: foreign("web") })), undefined);
    });
  });

  it("name the context of the kubeconfig", () => {
    assert.throws(
      () => assertPreconditions("web", serviceArgs(), live({}, {}, false), "prod"),
      /^UserError: Namespace dora-apps does not exist in the cluster of context prod: create it/,
    );
  });

  it("let an adopted Deployment have its own selector", () => {
    const stable = deployment("stable", { annotations: { [adoptedAnnotation]: "aaaaaaaaaaaa" } }, { app: "old" });
    assertPreconditions("web", serviceArgs(), live({ stable }), undefined);
  });

  it("do not include objects that this stack does not write", () => {
    const foreignFront = { service: foreign("web"), canaryAccess: foreign("web-canary"), ingress: foreign("web") };
    const args = serviceArgs({ tracks: ["stable"], ingress });
    assertPreconditions("web", args, live({ canary: deployment("canary", {}, {}) }, foreignFront), undefined);
    assertPreconditions("web", serviceArgs(), live({}, { ingress: foreign("web") }), undefined);
  });
});

describe("a live service without a release in the state of canary's stack", () => {
  const states: StackStates = {
    own: undefined,
    history: [],
    damaged: [],
    gone: [],
    canaryRuns: undefined,
    stableHasHistory: true,
  };
  const read = (changes: Partial<RolloutRecord> = {}): RecordReading => ({
    kind: "read",
    record: { version: 2, cluster: "uid", sequence: 0, verdicts: {}, stableHistory: [], ...changes },
  });
  const running = live({ stable: deployment("stable") });
  const check = (
    changes: { args?: object; found?: Live; states?: StackStates; record?: RecordReading; breakGlass?: string } = {},
  ) =>
    assertKnown(
      "web",
      serviceArgs(changes.args),
      changes.found ?? running,
      changes.states ?? states,
      changes.record ?? read(),
      "test",
      changes.breakGlass,
    );
  const refusal =
    'web is live in namespace dora-apps and neither the cluster nor stack test has a release of it: use the stack and backend that created it, or, if its state is lost, start a new history with GRAY_BREAK_GLASS="<reason>" pulumi up --stack test.';

  it("is refused, also if its record cannot be read", () => {
    assert.throws(() => check(), { name: "UserError", message: refusal });
    assert.throws(() => check({ record: { kind: "unreadable", why: "it is empty" } }), { message: refusal });
  });

  it("starts a new history with a break-glass override", () => {
    assert.equal(
      check({ breakGlass: "fire" }),
      "web is live in namespace dora-apps and neither the cluster nor stack test has a release of it, so it starts a new history because: fire. You can return to an earlier release only by describing it again.",
    );
  });

  const admitted: [sentence: string, changes: Parameters<typeof check>[0]][] = [
    ["is not meant if a release is stored", { states: { ...states, history: [{ id: "aaaaaaaaaaaa" } as Release] } }],
    ["is not meant in a stack without canary", { args: { tracks: ["stable"] } }],
    ["is not meant without a live stable", { found: live({ canary: deployment("canary") }) }],
    ["is not meant without a record, because its first install failed", { record: { kind: "absent" } }],
    ["is not meant if it was adopted", { record: read({ adopted: { release: "aaaaaaaaaaaa", front: {} } }) }],
  ];
  for (const [sentence, changes] of admitted) {
    it(sentence, () => {
      assert.equal(check(changes), undefined);
      assert.equal(check({ ...changes, breakGlass: "fire" }), undefined);
    });
  }
});
