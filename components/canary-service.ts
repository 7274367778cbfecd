/** The Pulumi component that deploys a service under gray release. */
import type { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import type { AdoptedKind } from "./adoption.ts";
import { configMapData } from "./config-files.ts";
import { backgroundDeletion } from "./deletion.ts";
import { trackDeployment } from "./deployment.ts";
import { modeRoute, serviceIngress, sharedService, trackService } from "./front.ts";
import { type StackState, stackStateKey } from "./history.ts";
import { adoptedAnnotation, debugIngressName, serviceLabel } from "./names.ts";
import { ownerAnnotations } from "./object-annotations.ts";
import { plainPlan, planName, planText } from "./plan.ts";
import { givenProvider, providerName } from "./provider.ts";
import type { RolloutContext } from "./rollout-context.ts";
import { assertServiceArgs, labelsOf, mainPort, type ServiceArgs, tracksOf } from "./service-args.ts";
import { modeOf } from "./traffic/modes.ts";
import type { Track } from "./traffic.ts";
import { percentOf } from "./units.ts";
import { UserError } from "./user-error.ts";

/**
 * The arguments of {@link CanaryService}.
 *
 * @example const args: CanaryServiceArgs = { ...serviceArgs, rollout: await openRollout("web", serviceArgs) };
 */
export interface CanaryServiceArgs extends ServiceArgs {
  /** The result of `await openRollout(name, args, opts)`, called with the same name, arguments and options. */
  readonly rollout: RolloutContext;
}

/**
 * A service under gray release: one Deployment per track, and the front (the objects before both tracks: Service, ConfigMaps,
 * Ingress or HTTPRoutes). A stack owns both tracks or one of them. The stack that owns canary also owns the front, so every
 * object has one owner.
 *
 * If a program has several services, call `openRollout` for all of them before the first `new CanaryService`. Then an error
 * in one service is reported before any other service is changed.
 *
 * @example
 * ```ts
 * const args: ServiceArgs = { namespace: "dora-apps", replicas: 9, ports: [{ port: 80 }], containers: [container] };
 * const rollout = await openRollout("fop-gate", args);
 * const fopGate = new CanaryService("fop-gate", { ...args, rollout });
 * export const releases = { [fopGate.key]: fopGate.stackState };
 * ```
 * @throws UserError if an argument is invalid, or `rollout` does not come from `openRollout` with the same name and options
 */
export class CanaryService extends pulumi.ComponentResource {
  /** `<namespace>/<service>`. Export {@link stackState} under this key in the stack output `releases`. */
  readonly key: string;
  /**
   * The stack state of the service, which the next run reads. It is known once this stack's Deployments run the release
   * completely, so a failed or refused run adds nothing to the history. Undefined only if a refresh runs the program before
   * the first install.
   */
  readonly stackState: pulumi.Output<StackState | undefined>;
  /**
   * The secret token that reaches canary through a gateway at any weight, in the header `x-gray-token`. Traffic by number of
   * pods does not use it. Absent if this stack does not own the front.
   */
  readonly token?: pulumi.Output<string>;

  constructor(name: string, args: CanaryServiceArgs, opts: pulumi.ComponentResourceOptions = {}) {
    assertServiceArgs(name, withoutRollout(args));
    const rollout = args.rollout as RolloutContext | undefined;
    if (rollout === undefined) {
      throw new UserError(
        `CanaryService ${name} in namespace ${args.namespace} has no rollout: pass the result of openRollout("${name}", args).`,
      );
    }
    if (rollout.key !== stackStateKey(args.namespace, name)) {
      throw new UserError(
        `CanaryService ${name} in namespace ${args.namespace} was given the rollout of ${rollout.key}: pass the result of openRollout("${name}", args).`,
      );
    }
    const given = givenProvider(opts);
    if (given !== undefined && given !== rollout.provider) {
      throw new UserError(
        `CanaryService ${name} in namespace ${args.namespace} was given the provider ${providerName(given)}, and its rollout was opened with ${providerName(rollout.provider)}: pass the same options to openRollout("${name}", args, opts).`,
      );
    }
    // Policies read these inputs. They are known in preview, before any object changes.
    const { access: _, weight, plan, ...publicArgs } = withoutRollout(args);
    const inputs = {
      ...publicArgs,
      ...(weight !== undefined && { weight: percentOf(weight) }),
      ...(plan && { plan: plainPlan(plan) }),
      admissions: rollout.admissions,
      releases: templatesOf(rollout.releases),
      ...(rollout.shift && { shift: rollout.shift }),
    };
    const ownOptions = { provider: rollout.provider, dependsOn: rollout.ownerStash };
    super("gray-release:index:CanaryService", name, inputs, pulumi.mergeOptions(opts, ownOptions));
    this.key = stackStateKey(args.namespace, name);
    const owned = tracksOf(args);
    const child = { parent: this };
    const { owner } = rollout;
    const deploy = (track: Track, replicas: number | undefined, dependsOn: pulumi.Resource[]) => {
      const release = rollout.releases[track];
      if (release === undefined) throw new Error(`no release for track ${track}`);
      const { selector, replaces } = (track === "stable" && rollout.adopted) || {};
      // A new selector needs a replacement, and Pulumi does not replace a protected resource.
      const protect = track === "stable" && !replaces;
      const run = {
        release,
        replicas,
        sequence: rollout.sequence[track],
        stack: rollout.stack,
        owner,
        fastRollback: track === "stable" && rollout.fastRollback,
        adopted: selector,
      };
      const opts = { ...child, dependsOn, protect, hooks: rollout.hooks[track] };
      return trackDeployment(
        name,
        track,
        args,
        run,
        rollout.rollSeconds[track],
        selector ? { ...opts, ...as("Deployment") } : opts,
      );
    };

    // An adopted object is imported unchanged. The next run applies the program to it.
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
      const { trackServices, routes } = modeOf(args).objects(name, args);
      // The Service of stable and the routes are not protected: a service may return to traffic by number of pods.
      const backendServices = trackServices.map((track) =>
        trackService(name, track, args, owner, { ...child, ...(track === "canary" && { protect: true }) }),
      );
      const front = (dependsOn: pulumi.Resource[]) => {
        const opts = { ...child, dependsOn, hooks: rollout.hooks.front };
        const written = { owner, sequence: rollout.sequence.front };
        const shared = sharedService(name, args, traffic, written, { ...opts, protect: true, ...as("Service") });
        const routed = { ...opts, dependsOn: [...dependsOn, ...backendServices] };
        return [shared, ...routes.map((route) => modeRoute(name, args, route, traffic, token, written, routed))];
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
    const running: OutputWithUnknowns = pulumi.all([releaseRunBy(canary), releaseRunBy(stable)]);
    // `pulumi refresh --run-program` also executes this code, but changes no Deployment. So the releases of the Deployments
    // show whether this run has finished. Outputs of a Deployment that refresh would have to create are unknown, and without
    // this check the unknown value would replace the stack state (seen with Pulumi 3.259).
    this.stackState = running.apply((ids) => {
      const [byCanary, byStable] = pulumi.containsUnknowns(ids) ? [] : ids;
      const isFinished = byCanary === stackState.current.canary && byStable === stackState.current.stable;
      return isFinished ? stackState : rollout.remembered;
    }, !pulumi.runtime.isDryRun());
    this.registerOutputs({ stackState: this.stackState, ...(this.token && { token: this.token }) });
  }

  private configMaps(name: string, args: CanaryServiceArgs): ConfigMap[] {
    return Object.entries(args.rollout.configMaps).map(
      ([configMap, files]) =>
        new ConfigMap(
          configMap,
          { metadata: configMapMetadata(name, configMap, args), immutable: true, ...configMapData(files) },
          { parent: this },
        ),
    );
  }

  /** The ConfigMap with the plan, which `gray` reads. No pod mounts it, so a change restarts no pod. */
  private plan(service: string, args: CanaryServiceArgs): void {
    if (args.plan === undefined) return;
    const name = planName(service);
    const data = { plan: planText(args.plan, mainPort(args)) };
    new ConfigMap(name, { metadata: configMapMetadata(service, name, args), data }, { parent: this });
  }
}

function configMapMetadata(service: string, name: string, args: CanaryServiceArgs) {
  const labels = { ...labelsOf(service, args), [serviceLabel]: service };
  return {
    name,
    namespace: args.namespace,
    labels,
    annotations: { ...backgroundDeletion, ...ownerAnnotations(args.rollout.owner) },
  };
}

function withoutRollout({ rollout: _, ...args }: CanaryServiceArgs): ServiceArgs {
  return args;
}

/** The full signature of an Output's `apply` (SDK: output.ts). The second argument is true to call `use` for unknown values also. */
interface OutputWithUnknowns {
  apply<T>(use: (ids: readonly unknown[]) => T, withUnknowns: boolean): pulumi.Output<T>;
}

/** The stack state after this run. */
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

/** The id of the release that a Deployment runs, known when Pulumi has finished its update. */
function releaseRunBy(deployment: Deployment | undefined): pulumi.Output<string | undefined> {
  if (!deployment) return pulumi.output(undefined);
  const run = pulumi.all([deployment.id, deployment.metadata, deployment.spec]);
  // A release id is not a secret, even if the program marks other fields as secret. The next run could not read a secret id.
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
