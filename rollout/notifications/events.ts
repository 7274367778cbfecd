/** Announces the changes of a rollout as Kubernetes Events on both Deployments. */
import type { Track } from "../../components/traffic.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import { writeEvents } from "../../live/event.ts";
import type { Announcement, Notifier } from "./notifier.ts";

/** The cluster, and the Deployments that get the Events. */
interface Target {
  readonly api: Cluster;
  readonly deployments: Partial<Record<Track, DeploymentObject>>;
}

/** Writes each announcement once, even if a driver dies and the next one announces it again. */
export class EventNotifier implements Notifier {
  readonly #on: Target;
  #last: Promise<void> = Promise.resolve();

  constructor(on: Target) {
    this.#on = on;
  }

  notify({ event, key }: Announcement): Promise<void> {
    if (event) this.#last = this.#last.then(() => writeEvents(this.#on, { ...event, once: key }));
    return this.#last;
  }
}
