/** The arguments of a worker: a service that takes its work from elsewhere, such as a queue, and so has no Service. */
import type { Step } from "../../step.ts";
import { type Percent, percentOf } from "../../units.ts";
import { UserError } from "../../user-error.ts";

/** What says that a service is a worker. */
interface PortList {
  readonly ports?: readonly unknown[] | undefined;
}

/** The arguments that have to do with the front of a service, or with its readiness. */
interface WorkerArgs extends PortList {
  readonly containers: readonly { readonly name: string; readonly readinessProbe?: unknown }[];
  readonly noReadiness?: string;
  readonly weight?: Percent;
  readonly plan?: { readonly checks?: readonly unknown[]; readonly steps?: readonly Step[] };
  readonly gateway?: unknown;
  readonly ingress?: unknown;
  readonly debugIngress?: unknown;
  readonly services?: unknown;
  readonly serviceSpec?: unknown;
  readonly serviceAnnotations?: unknown;
}

/** The arguments that need a Service. */
const ofFront = [
  "gateway",
  "ingress",
  "debugIngress",
  "services",
  "serviceSpec",
  "serviceAnnotations",
] as const satisfies readonly (keyof WorkerArgs)[];

/** Whether the arguments describe a worker: the list of ports is there and empty. @example isWorker({ ports: [] }) // true */
export function isWorker({ ports }: PortList): boolean {
  return ports?.length === 0;
}

/**
 * Checks the arguments of a worker.
 *
 * 1. It has no argument that needs a Service: no Ingress, no gateway, no further Services, no checks, which are requests.
 * 2. Canary has a weight above 0, and no step is dark: a pod of a worker takes work as soon as it runs.
 * 3. Only a worker may do without a readinessProbe, and says why.
 *
 * @throws UserError for the first condition that does not hold
 * @example assertWorker("mailer", { ports: [], containers: [container], weight: 0 }) // throws "mailer: weight is 0, …"
 */
export function assertWorker(service: string, args: WorkerArgs): void {
  const { noReadiness, weight, plan, containers } = args;
  if (!isWorker(args)) {
    if (noReadiness === undefined) return;
    throw new UserError(
      `${service}: noReadiness is given and ports is not empty: a pod without a readinessProbe gets requests before it can answer them, so give the probe, or ports: [] if this is a worker.`,
    );
  }
  const needing = ofFront.find((name) => args[name] !== undefined);
  if (needing !== undefined) {
    throw new UserError(
      `${service}: ports is [], which describes a worker without a Service, and ${needing} needs the Service: remove ${needing}, or give the ports of the Service.`,
    );
  }
  if (plan?.checks !== undefined && plan.checks.length > 0) {
    throw new UserError(
      `${service}: ports is [], which describes a worker, and plan.checks are requests to a Service: remove them, and let the evidence of its own counters decide.`,
    );
  }
  const whyNotDark = "a pod of a worker takes work as soon as it runs, so canary cannot be dark";
  if (weight !== undefined && percentOf(weight) === 0) {
    throw new UserError(
      `${service}: weight is 0, and ${whyNotDark}: set a weight above 0, or set release to the id that stable runs to take a release off canary.`,
    );
  }
  const dark = plan?.steps?.findIndex(({ stage }) => stage === "dark") ?? -1;
  if (dark !== -1) {
    throw new UserError(
      `${service}: plan.steps.${dark}.stage is "dark", and ${whyNotDark}: remove the step, and begin with a small weight.`,
    );
  }
  const probed = containers.find(({ readinessProbe }) => readinessProbe !== undefined);
  if (noReadiness !== undefined && probed !== undefined) {
    throw new UserError(
      `${service}: container ${probed.name} has a readinessProbe, and noReadiness says why there is none: remove one of them.`,
    );
  }
}
