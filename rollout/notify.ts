import { readFileSync } from "node:fs";
import { oneLine } from "../border/foreign-text.ts";
import { UserError } from "../components/user-error.ts";
import { send } from "../kubernetes/send.ts";

/** Something that happened in a rollout and that people want to hear of. */
export interface Notice {
  readonly service: string;
  readonly namespace: string;
  readonly release: string;
  readonly kind: "start" | "hold" | "verdict" | "done" | "rollback";
  /** One sentence: why, or what the verdict is. */
  readonly reason: string;
}

/** Milliseconds that one attempt may take. */
const patience = 5000;
const attempts = 2;
/** Characters of a reason: two reasons, one within the other, and the words around them. */
const reasonLimit = 1000;

const words = {
  start: "rollout begins",
  hold: "rollout holds",
  verdict: "verdict",
  done: "rollout is done",
  rollback: "rollout goes back",
} as const;

/**
 * Where notices go: a URL that is a secret, as those of Slack are. It comes from a file or from the environment variable
 * GRAY_WEBHOOK, which is taken out of the environment, so that no child process inherits it.
 *
 * @param file its path. @default the variable decides
 * @returns undefined where there is neither
 * @throws Refusal that does not show it, if it is no URL
 */
export function findWebhook(file?: string): URL | undefined {
  const fromEnvironment = process.env.GRAY_WEBHOOK;
  delete process.env.GRAY_WEBHOOK;
  const text = (file === undefined ? fromEnvironment : readUrl(file))?.trim();
  const where = file === undefined ? "GRAY_WEBHOOK" : `The file ${file} of the webhook`;
  if (file === undefined && !text) return undefined;
  const url = URL.parse(text ?? "");
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw new UserError(`${where} must hold a URL with https: or http:, and what it holds is not shown: correct it.`);
  }
  return url;
}

function readUrl(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    // Not which file: whoever gave the URL itself in its place would read it here.
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(
      `The file of the webhook cannot be read (${code}): give the path of a file that holds its URL.`,
    );
  }
}

/**
 * Tells people of a rollout by a webhook: a JSON body with the `text` that Slack and what is like it show, and the fields of
 * the notice for everybody else. Redirects are not followed. A webhook that fails is a warning, once, and stops nothing.
 *
 * @example new Notifier(findWebhook(), console.warn).notify({ kind: "start", ... })
 */
export class Notifier {
  readonly #url: URL | undefined;
  readonly #warn: (sentence: string) => void;
  readonly #patience: number;
  #last: Promise<void> = Promise.resolve();
  #warned = false;

  /**
   * @param url nobody is told anything without one
   * @param limit milliseconds that one attempt may take. @default 5000
   */
  constructor(url: URL | undefined, warn: (sentence: string) => void, limit = patience) {
    this.#url = url;
    this.#warn = warn;
    this.#patience = limit;
  }

  /**
   * Sends a notice, after those before it; nobody has to wait for it but who ends the process.
   *
   * @returns resolves when it and all before it are sent or given up; never rejects
   */
  notify(notice: Notice): Promise<void> {
    const url = this.#url;
    // Names too: what stands in the cluster may be somebody else's text.
    const told = { ...notice, reason: oneLine(notice.reason, reasonLimit), release: oneLine(notice.release) };
    if (url !== undefined) this.#last = this.#last.then(() => this.#send(url, told));
    return this.#last;
  }

  async #send(url: URL, notice: Notice): Promise<void> {
    const body = JSON.stringify({ text: textOf(notice), ...notice });
    let trouble: string | undefined;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      trouble = await this.#post(url, body);
      if (trouble === undefined) return;
    }
    if (this.#warned) return;
    this.#warned = true;
    this.#warn(`The webhook at ${url.host} does not take notices (${trouble}): people may not hear of this rollout.`);
  }

  /** What went wrong, in words that do not tell the URL. */
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

/** A notice for people; the three characters that mean something to Slack are escaped, so that no text can call a whole channel. */
function textOf({ service, namespace, release, kind, reason }: Notice): string {
  const text = `${service} in ${namespace}, release ${release}: ${words[kind]}: ${reason}`;
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
