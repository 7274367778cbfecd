/** Announces the changes of a rollout as Kubernetes Events on both Deployments. */
import { writeEvents } from "../../live/event.ts";
import type { DeployedService } from "../../live/live.ts";
import type { Announcement, Notifier } from "./notifier.ts";

/** Writes each announcement once, even if a driver dies and the next one announces it again. */
export class EventNotifier implements Notifier {
  readonly #on: Pick<DeployedService, "api" | "deployments">;
  #last: Promise<void> = Promise.resolve();

  constructor(on: Pick<DeployedService, "api" | "deployments">) {
    this.#on = on;
  }

  notify({ event, key }: Announcement): Promise<void> {
    if (event) this.#last = this.#last.then(() => writeEvents(this.#on, { ...event, once: key }));
    return this.#last;
  }
}
