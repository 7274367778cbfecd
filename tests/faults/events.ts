import type { RolloutRecord } from "../../record/record.ts";
import type { Decision, ProcessFault, Verdict } from "./history.ts";
import type { RequestFault } from "./weather.ts";

/** Which share of the users meets which release, by track. */
export interface Users {
  readonly canary: Readonly<Record<string, number>>;
  readonly stable: Readonly<Record<string, number>>;
  /** Whether a pod of stable is ready. */
  readonly stableServes: boolean;
}

/** What can be seen of a history from outside, in order; what the model judges. */
export type Event = { readonly at: number } & (
  | EffectEvent
  | DriverEvent
  /** The record was written. */
  | { readonly kind: "record"; readonly by: string; readonly before?: RolloutRecord; readonly after?: RolloutRecord }
  | { readonly kind: "users"; readonly users: Users }
  | FaultEvent
  /** What evidence comes to from now on, and that somebody looks. */
  | { readonly kind: "evidence"; readonly release: string; readonly verdict: Verdict }
  | { readonly kind: "looks"; readonly by: string; readonly release: string }
  /** A verdict of the evidence was written, as far as its writer knows. */
  | { readonly kind: "judged"; readonly by: string; readonly release: string; readonly verdict: Verdict }
  | DecisionEvent
  /** A run of Pulumi that the plan has failed, or whose release never starts. */
  | { readonly kind: "failed up"; readonly by: string; readonly epoch: number; readonly reason: string }
  | { readonly kind: "failed check"; readonly reason: string }
  /** A driver waits for a person from here on, or no longer does. */
  | { readonly kind: "holds"; readonly by: string; readonly reason?: string }
  | { readonly kind: "note"; readonly by: string; readonly sentence: string }
);

/** Something goes wrong for a process, or no longer does. */
export interface FaultEvent {
  readonly kind: "fault";
  readonly by: string;
  /** Whose effects are in danger. */
  readonly epoch: number | undefined;
  readonly fault: RequestFault | ProcessFault;
  /** Whether users can be taken off canary while it lasts: nothing is asked for that is needed for that. */
  readonly sparesCut: boolean;
  readonly id: string;
  readonly is: "on" | "over";
}

/** Something that users may feel was changed: a Deployment, a Service, a route. */
export interface EffectEvent {
  readonly kind: "effect";
  readonly by: string;
  readonly epoch: number | undefined;
  /** As in `services/web`. */
  readonly object: string;
  /** When it was sent. */
  readonly sent: number;
  /** It takes users off canary and nothing else. */
  readonly isCut: boolean;
  /** Of a Deployment: the release that it is of from now on, and its number of pods. */
  readonly release?: string;
  readonly replicas?: number;
}

export interface DriverEvent {
  readonly kind: "driver";
  readonly by: string;
  /** It drives from here on; its process is stopped, goes on, is killed; it ended by itself. */
  readonly is: "driving" | "stopped" | "going on" | "killed" | "ended";
  readonly epoch?: number;
  /** What driving came to, or the name of an error. */
  readonly end?: string;
  readonly reason?: string;
}

export interface DecisionEvent {
  readonly kind: "decision";
  readonly by: string;
  readonly decision: Decision;
  /** The command began; it was told that its word is written; it was refused. */
  readonly is: "asked" | "acknowledged" | "refused";
  readonly reason: string;
}

/** An event without its time. */
// biome-ignore lint/suspicious/noExplicitAny: distributes over the union
export type TimelineEvent = Event extends infer E ? (E extends any ? Omit<E, "at"> : never) : never;
