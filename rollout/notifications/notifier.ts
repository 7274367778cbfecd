/** What is announced about a rollout, and who takes it: one notifier for each channel. */
import type { EventContent } from "../../kubernetes/event.ts";

/** A change of a rollout that is announced. */
export interface Announcement {
  readonly service: string;
  readonly namespace: string;
  readonly release: string;
  /** Identifies the change among all changes of the service. The next driver after a crash announces it again with the same key. */
  readonly key: string;
  /** What the Deployments' Events say. Absent if the command that caused the change has written them. */
  readonly event?: Pick<EventContent, "type" | "reason" | "message">;
  /** What a channel for people says. Absent if the change is too small for it. */
  readonly notice?: Notice;
}

/** An announcement for people. */
export interface Notice {
  readonly kind: "start" | "hold" | "verdict" | "done" | "rollback";
  /** One sentence: the reason, or the verdict. */
  readonly reason: string;
}

/**
 * A channel for announcements. To add one, write a notifier and list it in channels.ts.
 *
 * @example const console: Notifier = { async notify({ notice }) { if (notice) console.log(notice.reason); } };
 */
export interface Notifier {
  /**
   * Sends an announcement, after all earlier ones. Await it only before the process ends.
   *
   * @returns resolves when it and all earlier ones are sent or given up; never rejects
   */
  notify(announcement: Announcement): Promise<void>;
}
