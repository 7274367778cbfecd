/** Announces the changes of a rollout to a webhook. */
import { readFileSync } from "node:fs";
import { oneLine } from "../../border/foreign-text.ts";
import { UserError } from "../../components/user-error.ts";
import { send } from "../../kubernetes/send.ts";
import type { Announcement, Notice, Notifier } from "./notifier.ts";

/** The fields that a receiver gets, beside the text. */
type Sent = Pick<Announcement, "service" | "namespace" | "release"> & Notice;

/** Most milliseconds of one attempt. */
const patience = 5000;
const attempts = 2;
/** Most characters of a reason. A reason may quote another one. */
const reasonLimit = 1000;

const titles = {
  start: "rollout started",
  hold: "rollout holds",
  verdict: "verdict",
  done: "rollout finished",
  rollback: "rolling back",
} as const;

/**
 * Finds the URL of the webhook. It is a secret, as that of a Slack webhook is. It comes from a file or from the
 * environment variable GRAY_WEBHOOK, which is removed from the environment, so that no child process inherits it.
 *
 * @param file path of the file. @default the variable is used
 * @returns undefined if neither is given
 * @throws UserError if it is not a URL; the message does not show it
 */
export function findWebhook(file?: string): URL | undefined {
  const fromEnvironment = process.env.GRAY_WEBHOOK;
  delete process.env.GRAY_WEBHOOK;
  const text = (file === undefined ? fromEnvironment : readUrl(file))?.trim();
  const where = file === undefined ? "GRAY_WEBHOOK" : `The file ${file} of the webhook`;
  if (file === undefined && !text) return undefined;
  const url = URL.parse(text ?? "");
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw new UserError(
      `${where} must hold a URL with https: or http: (its value is secret and is not shown): correct it.`,
    );
  }
  return url;
}

function readUrl(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    // Without the path: a user may have given the URL itself in its place.
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      `The file given with --webhook-file cannot be read (${code}): give the path of a file that holds its URL.`,
    );
  }
}

/**
 * Sends notices about a rollout to a Slack-compatible webhook: a JSON body with the `text` that Slack shows, and the
 * fields of the notice for other receivers. Redirects are not followed. A webhook that fails causes one warning and
 * stops nothing.
 *
 * @example new WebhookNotifier(findWebhook(), console.warn).notify({ notice: { kind: "start", ... }, ... })
 */
export class WebhookNotifier implements Notifier {
  readonly #url: URL | undefined;
  readonly #warn: (sentence: string) => void;
  readonly #patience: number;
  #last: Promise<void> = Promise.resolve();
  #warned = false;

  /**
   * @param url without one, no notice is sent
   * @param warn receives the warning, a whole sentence
   * @param limit most milliseconds of one attempt. @default 5000
   */
  constructor(url: URL | undefined, warn: (sentence: string) => void, limit = patience) {
    this.#url = url;
    this.#warn = warn;
    this.#patience = limit;
  }

  notify({ service, namespace, release, notice }: Announcement): Promise<void> {
    const url = this.#url;
    if (url === undefined || notice === undefined) return this.#last;
    // Names in the cluster may be untrusted text as well.
    const { kind, reason } = notice;
    const safe = { service, namespace, release: oneLine(release), kind, reason: oneLine(reason, reasonLimit) };
    this.#last = this.#last.then(() => this.#send(url, safe));
    return this.#last;
  }

  async #send(url: URL, sent: Sent): Promise<void> {
    const body = JSON.stringify({ text: textOf(sent), ...sent });
    let trouble: string | undefined;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      trouble = await this.#post(url, body);
      if (trouble === undefined) return;
    }
    if (this.#warned) return;
    this.#warned = true;
    this.#warn(
      `The webhook at ${url.host} does not accept notices (${trouble}): notices about this rollout may be missing.`,
    );
  }

  /** Why it failed, without showing the URL; undefined if it was accepted. */
  async #post(url: URL, body: string): Promise<string | undefined> {
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "user-agent": "gray-release",
    };
    try {
      const signal = AbortSignal.timeout(this.#patience);
      const response = await send(url, { method: "POST", headers, body, signal });
      response.resume();
      const status = response.statusCode ?? 0;
      return status >= 200 && status < 300 ? undefined : `it answered ${status}`;
    } catch (error) {
      const { name, code } = error as NodeJS.ErrnoException;
      return name === "TimeoutError" ? `no answer within ${this.#patience / 1000} s` : (code ?? name);
    }
  }
}

/**
 * The text of a notice. The three characters with a meaning in Slack are escaped, so that no text can mention a whole
 * channel.
 */
function textOf({ service, namespace, release, kind, reason }: Sent): string {
  const text = `${service} in ${namespace}, release ${release}: ${titles[kind]}: ${reason}`;
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
