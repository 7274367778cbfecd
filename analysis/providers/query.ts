/** A query to Prometheus for the counters of a service, and its PromQL. Each kind of gateway and mesh has a file of its own. */
import type { Pod } from "../reading.ts";
import { type Metrics, seriesNames } from "./metrics.ts";

/**
 * A query to Prometheus, and the mapping of its series to tracks. One selector asks for all series, so that they are from the
 * same moment: a target whose errors are missing would look healthy.
 */
export interface Query {
  /** The counters in words, as in "the counters of Traefik". */
  readonly about: string;
  readonly metrics: Metrics;
  /** Label matchers in PromQL, as in `namespace="dora-apps"`. */
  readonly matchers: (pods: readonly Pod[]) => readonly string[];
  /** The track of a series, or undefined if it is unknown. Absent if only pods are targets. */
  readonly trackOf?: (labels: Labels) => string | undefined;
  /** A possible cause if no series is found. */
  readonly hint?: string;
}

/** Labels of a series, by name. */
export type Labels = Readonly<Record<string, string>>;

/** Identifies a service's series. */
export interface QueryArgs {
  readonly namespace: string;
  /** Additional labels that all series must have, as in `{ cluster: "eu-1" }`. @default none */
  readonly labels?: Labels;
}

/** Names of the tracks in a source. */
export type Names = Readonly<Record<"stable" | "canary", string>>;

/**
 * The PromQL of a query: all samples of its series in a range, each with the time of its scrape. An instant selector would
 * give the time of the evaluation instead, so an old sample would look new.
 *
 * @param seconds length of the range
 * @example promQl(ownMetrics({ namespace: "shop" }), pods, 60)
 */
export function promQl({ metrics, matchers }: Query, pods: readonly Pod[], seconds: number): string {
  const names = like("__name__", seriesNames(metrics).map(quoted).join("|"));
  return `{${[names, ...matchers(pods)].join(",")}}[${seconds}s]`;
}

/**
 * Matchers and tracks by a label with the name of the backend; each track has a regular expression.
 *
 * @example
 * byBackend("service", { stable: "web-stable", canary: "web-canary" }).trackOf({ service: "web-canary" }) // "canary"
 */
export function byBackend(
  label: string,
  tracks: Names,
  labels?: Labels,
): Pick<Query, "matchers"> & Required<Pick<Query, "trackOf">> {
  const patterns = Object.entries(tracks).map(([track, pattern]) => [track, new RegExp(`^(?:${pattern})$`)] as const);
  return {
    matchers: () => [like(label, Object.values(tracks).join("|")), ...exact(labels)],
    trackOf: (found) => patterns.find(([, pattern]) => pattern.test(found[label] ?? ""))?.[0],
  };
}

/** Escapes a text for use in a regular expression. */
export const quoted = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A matcher for a value of a label. */
export const equal = (label: string, value: string) => `${label}=${JSON.stringify(value)}`;
/** A matcher for the values that a regular expression matches as a whole. */
export const like = (label: string, pattern: string) => `${label}=~${JSON.stringify(pattern)}`;
/** Matchers for additional labels. */
export const exact = (labels: Labels = {}) => Object.entries(labels).map(([label, value]) => equal(label, value));
