/** What canary's Deployment says about its number of pods, if an autoscaler sets stable's: drivers do not run the program. */
import * as v from "valibot";
import { boundsOf, isScaled, type StableSize } from "./autoscaling.ts";
import { defaults } from "./defaults.ts";
import { wholeNumber } from "./schema.ts";
import type { ServiceArgs } from "./service-args.ts";
import { type ModeName, modeNamed, modeNameOf } from "./traffic/modes.ts";
import type { Traffic } from "./traffic.ts";

/** The annotation of canary's Deployment with it, as JSON. */
const annotation = "gray-release/follows";

const schema = v.object({
  mode: v.picklist(["gateway", "replicas", "worker"] satisfies ModeName[]),
  /** The fewest pods behind a gateway. */
  least: v.optional(wholeNumber(1)),
  /** The most pods behind a gateway. @default not known */
  most: v.optional(wholeNumber(1)),
});

/** How canary's number of pods follows stable's. */
export type Following = v.InferOutput<typeof schema>;

/**
 * The annotations of canary's Deployment by which its number of pods follows stable's. None if the program sets stable's number.
 *
 * @example followingAnnotations({ replicas: 9 }) // {}
 */
export function followingAnnotations(
  args: StableSize & Pick<Partial<ServiceArgs>, "gateway" | "ports">,
): Record<string, string> {
  if (!isScaled(args)) return {};
  const mode = modeNameOf(args);
  const { most } = boundsOf(args.autoscaling);
  const least = args.gateway?.minimumCanaryReplicas ?? defaults.minimumCanaryReplicas;
  const found: Following = mode === "gateway" ? { mode, least, ...(most !== undefined && { most }) } : { mode };
  return { [annotation]: JSON.stringify(found) };
}

/**
 * How canary's number of pods follows stable's; undefined if it does not, or if another version wrote what this one does not understand.
 *
 * @example followingIn(deployment.metadata.annotations)?.mode // "gateway"
 */
export function followingIn(annotations: Readonly<Record<string, string>> = {}): Following | undefined {
  const text = annotations[annotation];
  if (text === undefined) return undefined;
  try {
    return v.parse(schema, JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * The traffic of canary beside a number of stable pods.
 *
 * @param current canary's number of pods, which stays if it fits well enough
 * @example followed({ mode: "replicas" }, 10, 18, 1).canaryReplicas // 2
 */
export function followed({ mode, least, most }: Following, weight: number, stable: number, current: number): Traffic {
  const gateway = { routes: [], ...(least !== undefined && { minimumCanaryReplicas: least }) };
  const size: StableSize = most === undefined ? { replicas: "external" } : { autoscaling: { maxReplicas: most } };
  return modeNamed(mode, { ...size, gateway }).plan(weight, stable, {}, current);
}
