import assert from "node:assert/strict";
import { assertServiceArgs, type ServiceArgs } from "../../../../components/service-args.ts";
import { isWorker } from "../../../../components/traffic/worker/args.ts";
import { UserError } from "../../../../components/user-error.ts";
import { serviceArgs } from "../../fop-gate.ts";

const [container] = serviceArgs().containers;
const { readinessProbe: _, ...unprobed } = container as NonNullable<typeof container>;
const worker = (changes: object = {}) => serviceArgs({ ports: [], ...changes } as Partial<ServiceArgs>);
const noService = "ports is [], which describes a worker without a Service, and";
const takesWork = "a pod of a worker takes work as soon as it runs, so canary cannot be dark";

describe("a worker", () => {
  it("is a service with an empty list of ports", () => {
    assert.ok(isWorker({ ports: [] }));
    assert.ok(!isWorker({ ports: [{ port: 80 }] }));
    assert.ok(!isWorker({}));
  });

  for (const [what, changes] of [
    ["with a readinessProbe", {}],
    ["without one, for a reason", { containers: [unprobed], noReadiness: "It listens on no port." }],
    ["with steps that begin with few", { plan: { steps: [{ stage: "canary", weight: 10 }, { stage: "full" }] } }],
    ["with a plan without checks", { plan: { checks: [] } }],
    ["scaled by its queue", { replicas: undefined, autoscaling: { keda: { triggers: [{ type: "rabbitmq" }] } } }],
    ["that ends at once", { terminationGracePeriodSeconds: 1 }],
  ] as const) {
    it(`is accepted ${what}`, () => assert.doesNotThrow(() => assertServiceArgs("mailer", worker(changes))));
  }

  for (const [what, changes, sentence] of [
    ...(["gateway", "ingress", "debugIngress", "services", "serviceSpec", "serviceAnnotations"] as const).map(
      (name) =>
        [
          name,
          {
            [name]: {
              gateway: { routes: [{ gateways: [{ name: "public" }] }] },
              ingress: { host: "a" },
              debugIngress: { host: "a" },
              services: { metrics: { ports: [{ port: 9090 }] } },
              serviceSpec: { type: "NodePort" },
              serviceAnnotations: { team: "dora" },
            }[name],
          },
          `${noService} ${name} needs the Service: remove ${name}, or give the ports of the Service.`,
        ] as const,
    ),
    [
      "checks",
      { plan: { checks: [{ path: "/healthz" }] } },
      "ports is [], which describes a worker, and plan.checks are requests to a Service: remove them, and let the evidence of its own counters decide.",
    ],
    [
      "weight 0",
      { weight: "0%" },
      `weight is 0, and ${takesWork}: set a weight above 0, or set release to the id that stable runs to take a release off canary.`,
    ],
    [
      "a dark step",
      { plan: { steps: [{ stage: "dark" }, { stage: "full" }] } },
      `plan.steps.0.stage is "dark", and ${takesWork}: remove the step, and begin with a small weight.`,
    ],
    [
      "a reason for no probe beside a probe",
      { noReadiness: "It listens on no port." },
      "container fop-gate has a readinessProbe, and noReadiness says why there is none: remove one of them.",
    ],
    ["an empty reason", { noReadiness: " " }, 'noReadiness is " ": must be the reason, as a sentence.'],
  ] as const) {
    it(`is refused with ${what}`, () => {
      const refused = new UserError(`mailer: ${sentence}`);
      assert.throws(() => assertServiceArgs("mailer", worker(changes)), refused);
    });
  }

  it("alone may do without a readinessProbe", () => {
    const args = serviceArgs({ containers: [unprobed], noReadiness: "It starts fast." } as Partial<ServiceArgs>);
    assert.throws(
      () => assertServiceArgs("web", args),
      new UserError(
        "web: noReadiness is given and ports is not empty: a pod without a readinessProbe gets requests before it can answer them, so give the probe, or ports: [] if this is a worker.",
      ),
    );
  });
});
