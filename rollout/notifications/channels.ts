/** The channels on which a rollout is announced. To add one, write its Notifier in a file of its own, and list it here. */
import type { DeployedService } from "../../live/live.ts";
import { EventNotifier } from "./events.ts";
import type { Notifier } from "./notifier.ts";
import { WebhookNotifier } from "./webhook.ts";

/**
 * The notifiers of a service, one for each channel.
 *
 * @param webhook URL of the webhook; undefined if there is none
 * @param warn receives a warning, a whole sentence
 */
export function channelsOf(
  service: DeployedService,
  webhook: URL | undefined,
  warn: (sentence: string) => void,
): Notifier[] {
  return [new EventNotifier(service), new WebhookNotifier(webhook, warn)];
}
