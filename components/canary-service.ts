import type { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import type { AdoptedKind } from "./adoption.ts";
import { goesAtOnce } from "./deletion.ts";
import { trackDeployment } from "./deployment.ts";
import { ownedBy } from "./driven.ts";
import { httpRoutes, serviceIngress, sharedService, trackService } from "./front.ts";
import { type StackState, stackStateKey } from "./history.ts";
import { adoptedAnnotation, debugIngressName, serviceLabel } from "./names.ts";
import { planName, planText } from "./plan.ts";
import { givenProvider, providerName } from "./provider.ts";
import type { RolloutContext } from "./rollout-context.ts";
import { assertServiceArgs, labelsOf, mainPort, type ServiceArgs, tracksOf } from "./service-args.ts";
import type { Track } from "./traffic.ts";
import { UserError } from "./user-error.ts";

/** What {@link CanaryService} is built from. */
export interface CanaryServiceArgs extends ServiceArgs {
  /** Where the service stands, from `await openRollout(name, args, opts)` with the same arguments and options. */
  readonly rollout: RolloutContext;
}

/**
 * A service under gray release: the shared front (Service, ConfigMaps, Ingress or HTTPRoutes) and one Deployment per track, whose pod
 * templates are the same release. A stack owns both tracks, or one each: the stack of canary owns the front, so that
 * every object has one owner.
 *
 * With several services in one program, open all rollouts before the first `new CanaryService`, so that a refusal of
 * one comes before anything of another is changed.
 *
 * @example
 * ```ts
 * const args = { namespace: "dora-apps", replicas: 9, ports: [{ port: 80 }], containers: [...] };
 * const rollout = await openRollout("fop-gate", args);
 * const fopGate = new CanaryService("fop-gate", { ...args, rollout });
 * export const releases = { [fopGate.key]: fopGate.memory };
 * ```
 */
export class CanaryService extends pulumi.ComponentResource {
  /** `<namespace>/<service>`: under this key the stack has to export {@link memory} in its output `releases`. */
  readonly key: string;
  /**
   * What the stack remembers of the service until its next run. Known once this stack's Deployments run completely, so
   * that a failed or refused run adds nothing to the history. Undefined only where a refresh runs the program before the first install.
   */
  readonly stackState: pulumi.Output<StackState | undefined>;
  /**
   * The secret that reaches canary through a gateway at any weight, in the header `x-gray-token`. In traffic by number
   * of pods nothing asks for it. Absent where the stack does not own the front.
   */
  readonly token?: pulumi.Output<string>;

  constructor(name: string, args: CanaryServiceArgs, opts: pulumi.ComponentResourceOptions = {}) {
    assertServiceArgs(name, withoutRollout(args));
    const rollout = args.rollout as RolloutContext | undefined;
    if (rollout === undefined) {
      throw new UserError(
        `CanaryService ${name} in namespace ${args.namespace} was given no rollout: give it what openRollout("${name}", args) returned.`,
      );
    }
    if (rollout.key !== stackStateKey(args.namespace, name)) {
      throw new UserError(
        `CanaryService ${name} in namespace ${args.namespace} was given the rollout of ${rollout.key}: give it what openRollout("${name}", args) returned.`,
      );
    }
    const given = givenProvider(opts);
    if (given !== undefined && given !== rollout.provider) {
      throw new UserError(
        `CanaryService ${name} in namespace ${args.namespace} was given the provider ${providerName(given)}, and its rollout was opened with ${providerName(rollout.provider)}: give openRollout("${name}", args, opts) the same options.`,
      );
    }
    // What policies judge by: known in preview, and before any object is touched.
    const { access: _, ...told } = withoutRollout(args);
    const inputs = {
      ...told,
      admissions: rollout.admissions,
      releases: templatesOf(rollout.releases),
      ...(rollout.shift && { shift: rollout.shift }),
    };
    const held = { provider: rollout.provider, dependsOn: rollout.ownerStash };
    super("gray-release:index:CanaryService", name, inputs, pulumi.mergeOptions(opts, held));
    this.key = stackStateKey(args.namespace, name);
    const owned = tracksOf(args);
    const child = { parent: this };
    const { owner } = rollout;
    const deploy = (track: Track, replicas: number | undefined, dependsOn: pulumi.Resource[]) => {
      const release = rollout.releases[track];
      if (release === undefined) throw new Error(`no release for track ${track}`);
      const { selector, replaces } = (track === "stable" && rollout.adopted) || {};
      // What is protected cannot be replaced, and a selector cannot be changed.
      const protect = track === "stable" && !replaces;
      const run = {
        release,
        replicas,
        sequence: rollout.sequence[track],
        stack: rollout.stack,
        owner,
        rollSeconds: rollout.rollSeconds[track],
        fastRollback: track === "stable" && rollout.fastRollback,
        adopted: selector,
      };
      const opts = { ...child, dependsOn, protect, hooks: rollout.hooks[track] };
      return trackDeployment(name, track, args, run, selector ? { ...opts, ...as("Deployment") } : opts);
    };

    // Imported just as it is; the next run brings what the program says of it.
    const as = (kind: AdoptedKind) =>
      rollout.adopted?.imports.includes(kind)
        ? { import: `${args.namespace}/${name}`, ignoreChanges: ["metadata", "spec"] }
        : {};
    let canary: Deployment | undefined;
    const { traffic } = rollout;
    if (traffic) {
      const configMaps = this.configMaps(name, args);
      this.plan(name, args);
      const token = new RandomPassword(`${name}-token`, { length: 32, special: false }, { parent: this }).result;
      const { gateway } = args;
      const { backends } = traffic;
      const tried = trackService(name, "canary", args, owner, { ...child, protect: true });
      // Neither these nor the routes are protected: a service may go back to traffic by number of pods.
      const behind = gateway ? [tried, trackService(name, "stable", args, owner, child)] : [];
      const front = (dependsOn: pulumi.Resource[]) => {
        const opts = { ...child, dependsOn, hooks: rollout.hooks.front };
        const written = { owner, sequence: rollout.sequence.front };
        const shared = sharedService(name, args, traffic, written, { ...opts, protect: true, ...as("Service") });
        if (!gateway || !backends) return [shared];
        const routed = { ...opts, dependsOn: [...dependsOn, ...behind] };
        return [shared, ...httpRoutes(name, { ...args, gateway }, backends, token, written, routed)];
      };
      const pods = (dependsOn: pulumi.Resource[]) =>
        deploy("canary", traffic.canaryReplicas, [...configMaps, ...dependsOn]);
      if (rollout.order === "pods-first") {
        canary = pods([]);
        front([canary]);
      } else {
        canary = pods(front([]));
      }
      if (args.ingress)
        serviceIngress(name, name, args, args.ingress, owner, { ...child, protect: true, ...as("Ingress") });
      this.token = token;
    }
    const stable = owned.includes("stable")
      ? deploy("stable", rollout.stableReplicas, canary ? [canary] : [])
      : undefined;
    if (stable && args.debugIngress)
      serviceIngress(debugIngressName(name), name, args, args.debugIngress, owner, child);

    const stackState = stackStateOf(rollout);
    const ran: Settling = pulumi.all([releaseRunBy(canary), releaseRunBy(stable)]);
    // `pulumi refresh --run-program` comes here too and changes no Deployment, so they say whether this run was through. What it
    // would have to make stays unknown, which it would write into the state in place of a memory (seen with Pulumi 3.259).
    this.stackState = ran.apply((ids) => {
      const [byCanary, byStable] = pulumi.containsUnknowns(ids) ? [] : ids;
      const isThrough = byCanary === stackState.current.canary && byStable === stackState.current.stable;
      return isThrough ? stackState : rollout.remembered;
    }, !pulumi.runtime.isDryRun());
    this.registerOutputs({ stackState: this.stackState, ...(this.token && { token: this.token }) });
  }

  private configMaps(name: string, args: CanaryServiceArgs): ConfigMap[] {
    return Object.entries(args.rollout.configMaps).map(
      ([configMap, data]) =>
        new ConfigMap(
          configMap,
          { metadata: configMapMetadata(name, configMap, args), immutable: true, data },
          { parent: this },
        ),
    );
  }

  /** The plan for `gray` to read. No release mounts it, so it changes without a pod being restarted. */
  private plan(service: string, args: CanaryServiceArgs): void {
    if (args.plan === undefined) return;
    const name = planName(service);
    const data = { plan: planText(args.plan, mainPort(args)) };
    new ConfigMap(name, { metadata: configMapMetadata(service, name, args), data }, { parent: this });
  }
}

function configMapMetadata(service: string, name: string, args: CanaryServiceArgs) {
  const labels = { ...labelsOf(service, args), [serviceLabel]: service };
  return { name, namespace: args.namespace, labels, annotations: { ...goesAtOnce, ...ownedBy(args.rollout.owner) } };
}

function withoutRollout({ rollout: _, ...args }: CanaryServiceArgs): ServiceArgs {
  return args;
}

/** An Output's `apply` as it is (SDK: output.ts): the second argument says that it is called with what is not known as well. */
interface Settling {
  apply<T>(use: (ids: readonly unknown[]) => T, withUnknowns: boolean): pulumi.Output<T>;
}

/** What is remembered of this run. */
function stackStateOf(rollout: RolloutContext): StackState {
  return {
    cluster: rollout.cluster,
    owner: rollout.owner,
    current: idsOf(rollout.releases),
    ...(rollout.previous !== undefined && { previous: rollout.previous }),
    ...(rollout.shift && { shift: rollout.shift }),
    ...(rollout.verdict && { verdict: rollout.verdict }),
    ...(rollout.adopted?.selector && { adopted: true }),
    history: rollout.history,
  };
}

/** The id of the release that a Deployment runs once its step is through. */
function releaseRunBy(deployment: Deployment | undefined): pulumi.Output<string | undefined> {
  if (!deployment) return pulumi.output(undefined);
  const run = pulumi.all([deployment.id, deployment.metadata, deployment.spec]);
  // An id is no secret, whatever a program calls secret of a Deployment; the next run could not read it.
  return pulumi.unsecret(
    run.apply(
      ([, metadata, spec]) => metadata.annotations?.[adoptedAnnotation] ?? spec.template.metadata.labels?.release,
    ),
  );
}

function idsOf(releases: RolloutContext["releases"]): StackState["current"] {
  return Object.fromEntries(Object.entries(releases).map(([track, release]) => [track, release.id]));
}

function templatesOf(releases: RolloutContext["releases"]) {
  return Object.fromEntries(Object.entries(releases).map(([track, { id, template }]) => [track, { id, template }]));
}
