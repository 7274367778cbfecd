import { called, isAdopted, isTrack } from "../../engine/declared.ts";
import { adoptedExample, container, deployment } from "../../engine/examples.ts";
import type { PodContainer } from "../../engine/pod-spec.ts";
import { containersOf } from "../../engine/pods.ts";
import type { Rule } from "../../engine/rule.ts";

/** Defaults of Kubernetes for fields that a Deployment does not set (apps/v1, core/v1). */
const unset = {
  maxSurge: "25%",
  maxUnavailable: "25%",
  progressDeadlineSeconds: 600,
  terminationGracePeriodSeconds: 30,
};

/** A sleep command, as in `sleep 5` and `/bin/sleep 5m`, by itself or in a shell command. */
const sleepCommand = /(?<![\w.-])sleep\s+(\d+(?:\.\d+)?)([smhd]?)\b/g;
const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** A rolling update must not fail any user's request: capacity stays complete, and pods become available and end neither too early. */
export const safeRollingUpdate: Rule = {
  name: "safe-rolling-update",
  description:
    "A track updates its pods one after another at full capacity, waits until new pods stay ready, and drains the old ones.",
  severity: "high",
  remediation:
    "Keep the defaults of CanaryService, or set maxUnavailable 0, maxSurge above 0, progressDeadlineSeconds above minReadySeconds, and a grace period longer than the preStop sleep of each container.",
  judge(one) {
    if (!isTrack(one) || isAdopted(one)) return [];
    const { strategy, minReadySeconds = 0, template, ...spec } = one.fields.spec ?? {};
    const { maxSurge = unset.maxSurge, maxUnavailable = unset.maxUnavailable } = strategy?.rollingUpdate ?? {};
    const { progressDeadlineSeconds = unset.progressDeadlineSeconds } = spec;
    const { terminationGracePeriodSeconds: grace = unset.terminationGracePeriodSeconds } = template?.spec ?? {};
    const found: string[] = [];
    const want = (holds: boolean, sentence: string) => {
      if (!holds) found.push(`${called(one)}: ${sentence}.`);
    };
    const type = strategy?.type ?? "RollingUpdate";
    if (type === "RollingUpdate") {
      want(
        amount(maxUnavailable) === 0,
        `maxUnavailable is ${maxUnavailable} and must be 0, so that a rolling update does not reduce capacity`,
      );
      want(
        amount(maxSurge) > 0,
        `maxSurge is ${maxSurge} and must be at least 1, or the update cannot begin without removing a pod`,
      );
    } else {
      want(false, `strategy.type is ${type} and must be RollingUpdate, so that pods are replaced one after another`);
    }
    want(
      minReadySeconds > 0,
      `minReadySeconds is ${minReadySeconds} and must be above 0, so that a pod that fails at once stops the update`,
    );
    want(
      progressDeadlineSeconds > minReadySeconds,
      `progressDeadlineSeconds (${progressDeadlineSeconds}) must exceed minReadySeconds (${minReadySeconds})`,
    );
    for (const { container } of containersOf(one).filter(({ serves }) => serves)) {
      const sleep = sleepOf(container);
      want(
        sleep < grace,
        `terminationGracePeriodSeconds (${grace}) must exceed the preStop sleep of container ${container.name} (${sleep}), or it is killed while it still serves`,
      );
    }
    return found;
  },
  examples: {
    allowed: [
      adoptedExample,
      { name: "the defaults of CanaryService", resources: [deployment("stable"), deployment("canary")] },
      { name: "a quarter at a time", resources: [deployment("stable", strategy({ maxSurge: "25%" }))] },
      {
        name: "a Deployment that belongs to no service",
        resources: [
          deployment("stable", {
            metadata: { labels: { "gray-release/service": undefined } },
            ...strategy({ maxUnavailable: 1 }),
          }),
        ],
      },
      {
        name: "commands that sleep less, that do not sleep, and a sleep of an init container",
        resources: [
          container("fop-gate", preStop(["sh", "-c", "drain; sleep 1m"])),
          container("log-agent", { restartPolicy: undefined, ...preStop(["sleep", "300"]) }),
          container("log-agent", preStop(["flush", "--no-sleep", "300"])),
        ],
      },
    ],
    disallowed: [
      {
        name: "all pods at once",
        resources: [deployment("stable", { spec: { strategy: { type: "Recreate", rollingUpdate: undefined } } })],
        message: /^Deployment dora-apps\/fop-gate: strategy\.type is Recreate and must be RollingUpdate/,
      },
      {
        name: "one pod may be missing",
        resources: [deployment("stable", strategy({ maxUnavailable: 1 }))],
        message: /maxUnavailable is 1 and must be 0/,
      },
      {
        name: "the default of Kubernetes, a quarter of the pods may be missing",
        resources: [deployment("stable", { spec: { strategy: undefined } })],
        message: /maxUnavailable is 25% and must be 0/,
      },
      {
        name: "no pod above the full number",
        resources: [deployment("stable", strategy({ maxSurge: 0 }))],
        message: /maxSurge is 0 and must be at least 1/,
      },
      {
        name: "a pod is available as soon as it is ready",
        resources: [deployment("canary", { spec: { minReadySeconds: 0 } })],
        message: /^Deployment dora-apps\/fop-gate-canary: minReadySeconds is 0/,
      },
      {
        name: "the deadline ends before a pod can be available",
        resources: [deployment("stable", { spec: { progressDeadlineSeconds: 30 } })],
        message: /progressDeadlineSeconds \(30\) must exceed minReadySeconds \(30\)/,
      },
      {
        name: "killed while it still sleeps",
        resources: [deployment("stable", { spec: { template: { spec: { terminationGracePeriodSeconds: 5 } } } })],
        message: /terminationGracePeriodSeconds \(5\) must exceed the preStop sleep of container fop-gate \(5\)/,
      },
      {
        name: "the log agent sleeps longer than the grace period",
        resources: [container("log-agent", { lifecycle: { preStop: { sleep: { seconds: 300 } } } })],
        message: /terminationGracePeriodSeconds \(90\) must exceed the preStop sleep of container log-agent \(300\)/,
      },
      ...[
        ["sleep", "300"],
        ["/bin/sleep", "5m"],
        ["sh", "-c", "sleep 300"],
        ["sh", "-c", "nginx -s quit; sleep 240 && /bin/sleep 60"],
      ].map((command) => ({
        name: `a command that sleeps longer than the grace period, ${command.join(" ")}`,
        resources: [container("fop-gate", preStop(command))],
        message: /terminationGracePeriodSeconds \(90\) must exceed the preStop sleep of container fop-gate \(300\)/,
      })),
    ],
  },
};

function strategy(rollingUpdate: object) {
  return { spec: { strategy: { rollingUpdate } } };
}

function preStop(command: readonly string[]) {
  return { lifecycle: { preStop: { sleep: undefined, exec: { command } } } };
}

/** The number in `1` or `"25%"`, to distinguish zero from more. */
function amount(value: number | string): number {
  return Number.parseFloat(String(value));
}

/** Seconds that the preStop hook of a container sleeps, as a field or in its commands. */
function sleepOf({ lifecycle }: PodContainer): number {
  const { sleep, exec } = lifecycle?.preStop ?? {};
  const commands = (exec?.command ?? []).join(" ").matchAll(sleepCommand);
  return [...commands].reduce(
    (sum, [, number, unit]) => sum + Number(number) * (unitSeconds[unit ?? ""] ?? 1),
    sleep?.seconds ?? 0,
  );
}
