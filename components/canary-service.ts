/** The Pulumi component that deploys a service under gray release. */
import type { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import { openRollout } from "../gate/open.ts";
import { additionalService } from "./additional-service.ts";
import { additionalServiceName } from "./additional-service-args.ts";
import { stableAutoscaler } from "./autoscaler.ts";
import { planConfigMap, releaseConfigMaps, storedReleases } from "./config-maps.ts";
import { trackDeployment } from "./deployment.ts";
import { trackBudget } from "./disruption-budget.ts";
import { modeRoute, serviceIngress, sharedService, trackService } from "./front.ts";
import { serviceKey } from "./history.ts";
import { debugIngressName, namesOf, resourceNameOf } from "./names.ts";
import type { ObjectKind } from "./object-reference.ts";
import { plainPlan } from "./plan.ts";
import { givenProvider, providerName } from "./provider.ts";
import type { RolloutContext } from "./rollout-context.ts";
import { modesOf } from "./secret-args.ts";
import { serviceSecrets } from "./secrets.ts";
import { serviceAccounts } from "./service-account.ts";
import { assertServiceArgs, type ServiceArgs, tracksOf } from "./service-args.ts";
import { storeStackState } from "./stored-state.ts";
import { modeOf } from "./traffic/modes.ts";
import type { Track } from "./traffic.ts";
import { percentOf } from "./units.ts";
import { urlOf } from "./url.ts";
import { UserError } from "./user-error.ts";

/**
 * The arguments of {@link CanaryService}.
 *
 * @example const args: CanaryServiceArgs = { ...serviceArgs, rollout: await openRollout("web", serviceArgs) };
 */
export interface CanaryServiceArgs extends ServiceArgs {
  /**
   * The result of `await openRollout(name, args, opts)`, called with the same name, arguments and options. Give it if a program has several
   * services of which none may change if one is refused: open all of them first. @default the component opens its rollout itself
   */
  readonly rollout?: RolloutContext;
}

/** What is known once all objects of a service are registered. */
interface ServiceOutputs {
  readonly token: pulumi.Output<string> | undefined;
}

/** What `initialize` needs beside the inputs, which policies see. It runs before the fields of the component are set. */
interface InitialArgs {
  readonly args: ServiceArgs;
  readonly opening: Promise<RolloutContext>;
}
const initialArgs = new WeakMap<object, InitialArgs>();

/**
 * A service under gray release: one Deployment per track, and the front (the objects before both tracks: Service, ConfigMaps,
 * Ingress or HTTPRoutes). A stack owns both tracks or one of them. The stack that owns canary also owns the front, so every
 * object has one owner.
 *
 * The component opens its rollout itself: it reads the cluster and asks the gate (`openRollout`) before any of its objects is registered, so
 * a refused `up` changes nothing of the service. What a transform changes in a pod template is not part of the release, so each `up` reports it
 * as drift: put it into the arguments instead.
 *
 * @example
 * ```ts
 * const web = new CanaryService("web", { namespace: "shop", replicas: 3, containers: [container], ports: [{ port: 80 }] });
 * export const url = web.url;
 * ```
 * @throws UserError if an argument is invalid, or `rollout` does not come from `openRollout` with the same name and options. The program ends
 *   with the UserError of `openRollout` if that refuses
 */
export class CanaryService extends pulumi.ComponentResource<ServiceOutputs> {
  /** Name of the service, and of the Service in front of both tracks if it has ports. */
  readonly serviceName: pulumi.Output<string>;
  /**
   * The address for users: the first host without a wildcard of the gateway's routes or of the Ingress, with its first path; else the Service
   * inside the cluster. The scheme is https if the Ingress has a certificate for the host; a gateway's listeners are not known here, so its scheme is http.
   * Empty for a worker, which has no address.
   */
  readonly url: pulumi.Output<string>;
  /** Id of the release that stable runs after this run; undefined if another stack owns stable. */
  readonly stableRelease: pulumi.Output<string | undefined>;
  /** Id of the release that canary runs after this run; undefined if another stack owns canary. */
  readonly canaryRelease: pulumi.Output<string | undefined>;
  /** The gate's admission of each track's release. */
  readonly admission: pulumi.Output<RolloutContext["admissions"]>;
  /**
   * The secret token that reaches canary through a gateway at any weight, in the header `x-gray-token`. Traffic by number of
   * pods does not use it. Absent if this stack does not own the front, and for a worker.
   */
  readonly token?: pulumi.Output<string>;

  constructor(name: string, given: CanaryServiceArgs, opts: pulumi.ComponentResourceOptions = {}) {
    const { rollout, ...args } = given;
    assertServiceArgs(name, args);
    if (rollout) assertSame(name, args, opts, rollout);
    const opening = rollout ? Promise.resolve(rollout) : openRollout(name, args, opts);
    // Policies read these inputs. They are known in preview, before any object changes.
    const { access: _, secrets, weight, plan, ...publicArgs } = args;
    const inputs = {
      ...publicArgs,
      ...(secrets && { secrets: modesOf(secrets) }),
      ...(weight !== undefined && { weight: percentOf(weight) }),
      ...(plan && { plan: plainPlan(plan) }),
      replicas: opening.then(({ stableReplicas }) => stableReplicas ?? "external"),
      admissions: opening.then(({ admissions }) => admissions),
      releases: opening.then(({ releases }) => templatesOf(releases)),
      shift: opening.then(({ shift }) => shift),
    };
    initialArgs.set(inputs, { args, opening });
    const dependsOn = opening.then(({ ownerStash }) => ownerStash);
    super("gray-release:index:CanaryService", name, inputs, pulumi.mergeOptions(opts, { dependsOn }));
    const { service } = namesOf(name, args);
    this.serviceName = pulumi.output(service);
    this.url = pulumi.output(urlOf(service, args));
    const made = this.getData();
    if (tracksOf(args).includes("canary") && modeOf(args).hasService) {
      this.token = pulumi.output(made.then(({ token }) => token as pulumi.Output<string>));
    }
    this.stableRelease = pulumi.output(opening.then(({ releases }) => releases.stable?.id));
    this.canaryRelease = pulumi.output(opening.then(({ releases }) => releases.canary?.id));
    this.admission = pulumi.output(opening.then(({ admissions }) => admissions));
  }

  /** Creates the objects, once the rollout is open. */
  protected override async initialize(inputs: pulumi.Inputs, _: unknown, name: string): Promise<ServiceOutputs> {
    const { args: given, opening } = initialArgs.get(inputs) as InitialArgs;
    const names = namesOf(name, given);
    const { service } = names;
    const rollout = await opening;
    const { gateway, ...withoutRoutes } = given;
    const args = gateway && !rollout.adopted?.keepsRoutes ? given : withoutRoutes;
    const owned = tracksOf(args);
    const child = { parent: this, provider: rollout.provider };
    const { owner } = rollout;
    const deploy = (track: Track, replicas: number | undefined, dependsOn: pulumi.Resource[]) => {
      const release = rollout.releases[track];
      if (release === undefined) throw new Error(`no release for track ${track}`);
      const { selector, replaces } = (track === "stable" && rollout.adopted) || {};
      // A new selector needs a replacement, and Pulumi does not replace a protected resource.
      const protect = track === "stable" ? { protect: !replaces } : {};
      const run = {
        release,
        replicas,
        sequence: rollout.sequence[track],
        stack: rollout.stack,
        owner,
        fastRollback: track === "stable" && rollout.fastRollback,
        adopted: selector,
        ...(track === "canary" && { previous: rollout.previous.canary }),
      };
      const opts = { ...child, ...protect, dependsOn, hooks: rollout.hooks[track] };
      const ownOpts = selector ? { ...opts, ...as("Deployment") } : opts;
      return trackDeployment(names, track, args, run, rollout.rollSeconds[track], ownOpts);
    };

    // An adopted object is imported unchanged. The next run applies the program to it.
    const as = (kind: ObjectKind, name = service) =>
      rollout.adopted?.imports.some((each) => each.kind === kind && each.name === name)
        ? { import: `${args.namespace}/${name}`, ignoreChanges: ["metadata", "spec"] }
        : {};
    let canary: Deployment | undefined;
    let files: ReadonlyMap<string, pulumi.Resource> = new Map();
    let secrets: ReadonlyMap<string, pulumi.Resource> = new Map();
    let token: pulumi.Output<string> | undefined;
    const { traffic } = rollout;
    if (traffic) {
      files = releaseConfigMaps(names, args, rollout, child);
      const key = rollout.secretKeyStash ? [rollout.secretKeyStash] : [];
      secrets = serviceSecrets(names, args, rollout, { ...child, dependsOn: key });
      const accounts = serviceAccounts(names, args, owner, rollout.serviceAccounts ?? [], child);
      const needed = [...files.values(), ...key, ...secrets.values(), ...accounts];
      planConfigMap(names, args, rollout, child);
      const mode = modeOf(args);
      const { trackServices, routes } = mode.objects(service, args);
      let front: (dependsOn: pulumi.Resource[]) => pulumi.Resource[] = () => [];
      if (mode.hasService) {
        const password = { length: 32, special: false };
        const secret = new RandomPassword(resourceNameOf(names, `${service}-token`), password, { parent: this }).result;
        // The Service of stable and the routes are not protected: a service may return to traffic by number of pods.
        const backendServices = trackServices.map((track) =>
          trackService(names, track, args, owner, { ...child, ...(track === "canary" && { protect: true }) }),
        );
        token = secret;
        front = (dependsOn) => {
          const opts = { ...child, dependsOn, hooks: rollout.hooks.front };
          const written = { owner, sequence: rollout.sequence.front };
          const shared = sharedService(names, args, traffic, written, { ...opts, protect: true, ...as("Service") });
          // After the shared Service, whose annotation names them for a traffic cutoff.
          const beside = { ...opts, dependsOn: [...dependsOn, shared] };
          const additional = Object.keys(args.services ?? {}).map((each) =>
            additionalService(names, each, args, traffic, written, {
              ...beside,
              ...as("Service", additionalServiceName(service, each)),
            }),
          );
          const routed = { ...opts, dependsOn: [...dependsOn, ...backendServices] };
          return [
            shared,
            ...additional,
            ...routes.map((route) => modeRoute(names, args, route, traffic, secret, written, routed)),
          ];
        };
      }
      const pods = (dependsOn: pulumi.Resource[]) =>
        deploy("canary", traffic.canaryReplicas, [...needed, ...dependsOn]);
      if (rollout.order === "pods-first") {
        canary = pods([]);
        front([canary]);
      } else {
        canary = pods(front([]));
      }
      if (args.ingress)
        serviceIngress(service, names, args, args.ingress, owner, { ...child, protect: true, ...as("Ingress") });
    }
    const budget = (track: Track) => {
      const { adopted, releases } = rollout;
      // Stable's budget counts canary's pods too as long as it counts the adopted ones, and the API server evicts no pod that two budgets count.
      if (adopted && track === "canary") return;
      const pods = adopted?.selector && releases.stable && { release: releases.stable.id, selector: adopted.selector };
      // The adopted pods are counted until the last of them has ended.
      const ended = adopted?.replaces && stable ? { dependsOn: [stable] } : {};
      trackBudget(names, track, args, owner, { ...child, ...ended, ...as("PodDisruptionBudget") }, pods);
    };
    // Stable runs only what is stored.
    const stored = canary ? storedReleases(names, args, rollout, canary, { files, secrets }, child) : [];
    const stable = owned.includes("stable")
      ? deploy("stable", rollout.stableReplicas, canary ? [canary, ...stored] : [])
      : undefined;
    for (const track of args.disruptionBudget ? owned : []) budget(track);
    if (stable && args.autoscaling)
      stableAutoscaler(names, args, args.autoscaling, owner, { ...child, ...as("HorizontalPodAutoscaler") });
    if (stable && args.debugIngress)
      serviceIngress(debugIngressName(service), names, args, args.debugIngress, owner, child);

    storeStackState(names, args.namespace, rollout, { canary, stable }, { parent: this, dependsOn: stored });
    this.registerOutputs({
      serviceName: service,
      url: urlOf(service, given),
      stableRelease: rollout.releases.stable?.id,
      canaryRelease: rollout.releases.canary?.id,
      admission: rollout.admissions,
      ...(token && { token }),
    });
    return { token };
  }
}

/** @throws UserError if a rollout was opened for another service or with another provider */
function assertSame(
  name: string,
  args: ServiceArgs,
  opts: pulumi.ComponentResourceOptions,
  rollout: RolloutContext,
): void {
  const { namespace } = args;
  if (rollout.key !== serviceKey(namespace, namesOf(name, args).service) || rollout.resource !== name) {
    const as = rollout.key.endsWith(`/${rollout.resource}`) ? "" : `, opened as ${rollout.resource}`;
    throw new UserError(
      `CanaryService ${name} in namespace ${namespace} was given the rollout of ${rollout.key}${as}: pass the result of openRollout("${name}", args).`,
    );
  }
  const given = givenProvider(opts);
  if (given !== undefined && given !== rollout.provider) {
    throw new UserError(
      `CanaryService ${name} in namespace ${namespace} was given the provider ${providerName(given)}, and its rollout was opened with ${providerName(rollout.provider)}: pass the same options to openRollout("${name}", args, opts).`,
    );
  }
}

function templatesOf(releases: RolloutContext["releases"]) {
  return Object.fromEntries(Object.entries(releases).map(([track, { id, template }]) => [track, { id, template }]));
}
