import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { UserError } from "../../../components/user-error.ts";
import type { Announcement, Notice } from "../../../rollout/notifications/notifier.ts";
import { findWebhook, WebhookNotifier } from "../../../rollout/notifications/webhook.ts";
import { setEnvironment } from "../../fake/environment.ts";

const secret = "T000-B000-XXXX";
const sent = {
  service: "web",
  namespace: "shop",
  release: "bbbbbbbbbbbb",
  kind: "verdict",
  reason: "bad: 5xx in 5 % of 400 requests",
} as const;
/** Its announcement. */
const announcement = (more: Partial<Notice> = {}): Announcement => {
  const { service, namespace, release, kind, reason } = sent;
  return { service, namespace, release, key: "a change", notice: { kind, reason, ...more } };
};

describe("notices to a webhook", () => {
  let server: Server;
  let taken: { path: string | undefined; type: string | undefined; body: Record<string, string> }[];
  /** How the server handles each request in turn; after these it answers 200. */
  let answers: ((response: ServerResponse, request: IncomingMessage) => void)[];
  let warnings: string[];
  beforeEach(async () => {
    [taken, answers, warnings] = [[], [], []];
    server = createServer(async (request, response) => {
      let text = "";
      for await (const chunk of request.setEncoding("utf8")) text += chunk;
      taken.push({ path: request.url, type: request.headers["content-type"], body: JSON.parse(text) });
      const answer = answers.shift() ?? ((response) => response.end("ok"));
      answer(response, request);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  const host = () => `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = () => new URL(`http://${host()}/services/${secret}`);
  const warn = (sentence: string) => void warnings.push(sentence);
  const notifier = (limit?: number) => new WebhookNotifier(url(), warn, limit);
  const status =
    (code: number, headers = {}) =>
    (response: ServerResponse) =>
      void response.writeHead(code, headers).end("no");
  const noAnswer = () => {};
  const hangUp = (_: ServerResponse, request: IncomingMessage) => void request.socket.destroy();

  it("are not sent for a change that is announced as an Event alone", async () => {
    const { notice: _, ...rest } = announcement();
    await notifier().notify(rest);
    assert.deepEqual(taken, []);
  });

  it("have a text for Slack, and their fields", async () => {
    await notifier().notify(announcement());
    const text = "web in shop, release bbbbbbbbbbbb: verdict: bad: 5xx in 5 % of 400 requests";
    assert.deepEqual(taken, [{ path: `/services/${secret}`, type: "application/json", body: { text, ...sent } }]);
    assert.deepEqual(warnings, []);
  });

  it("cannot mention a whole channel or forge a link", async () => {
    await notifier().notify(announcement({ reason: "<!channel> R&D" }));
    assert.match(taken[0]?.body.text ?? "", /: &lt;!channel&gt; R&amp;D$/);
    assert.equal(taken[0]?.body.reason, "<!channel> R&D");
  });

  it("are one line of limited length, whatever text a pod sent", async () => {
    await notifier().notify(announcement({ reason: `GET / answered \u001b[31m\n500${"x".repeat(2_000_000)}` }));
    const { text = "", reason = "" } = taken[0]?.body ?? {};
    assert.match(reason, /^GET \/ answered 500x+…$/);
    assert.ok(reason.length <= 1000 && text.length < 1200, `${text.length} characters`);
  });

  it("arrive in order, even if one is sent again", async () => {
    answers.push(status(500));
    const one = notifier();
    one.notify(announcement({ kind: "start" }));
    await one.notify(announcement({ kind: "done" }));
    assert.deepEqual(
      taken.map(({ body }) => body.kind),
      ["start", "start", "done"],
    );
  });

  for (const [what, answer] of [
    ["answers with an error", status(500)],
    ["breaks off", hangUp],
    ["does not answer in time", noAnswer],
  ] as const) {
    it(`are sent once more if the webhook ${what}`, async () => {
      answers.push(answer);
      await notifier(answer === noAnswer ? 500 : undefined).notify(announcement());
      assert.equal(taken.length, 2);
      assert.deepEqual(warnings, []);
    });
  }

  for (const [what, answer, why] of [
    ["answers with an error", status(404), "it answered 404"],
    ["breaks off", hangUp, "ECONNRESET"],
    ["does not answer in time", noAnswer, "no answer within 0.2 s"],
  ] as const) {
    it(`are given up after that if it ${what}, with one warning that shows only the host`, async () => {
      answers.push(answer, answer, answer, answer);
      const one = notifier(200);
      await one.notify(announcement());
      await one.notify(announcement());
      assert.equal(taken.length, 4);
      assert.deepEqual(warnings, [
        `The webhook at ${host()} does not accept notices (${why}): notices about this rollout may be missing.`,
      ]);
    });
  }

  it("are given up if the port is closed", async () => {
    await new Promise((closed) => server.close(closed));
    const closed = new WebhookNotifier(new URL("http://127.0.0.1:1/secret"), warn);
    await closed.notify(announcement());
    assert.match(warnings.join(), /^The webhook at 127\.0\.0\.1:1 does not accept notices \(ECONNREFUSED\)/);
  });

  it("do not follow a redirect", async () => {
    const elsewhere = () => status(307, { location: `http://${host()}/elsewhere` });
    answers.push(elsewhere(), elsewhere());
    await notifier().notify(announcement());
    assert.deepEqual(
      taken.map(({ path }) => path),
      [`/services/${secret}`, `/services/${secret}`],
    );
    assert.match(warnings.join(), /it answered 307/);
  });

  it("are not sent without a webhook", async () => {
    await new WebhookNotifier(undefined, warn).notify(announcement());
    assert.deepEqual([taken, warnings], [[], []]);
  });

  it("do not show the URL when the notifier is printed", () => {
    assert.doesNotMatch(inspect(notifier(), { depth: 9, showHidden: true }) + JSON.stringify(notifier()), /T000/);
  });
});

describe("the URL of the webhook", () => {
  let folder: string;
  let restore: () => void;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gray-webhook-"));
    restore = setEnvironment({ GRAY_WEBHOOK: undefined });
  });
  afterEach(() => {
    restore();
    rmSync(folder, { recursive: true });
  });

  const fileWith = (text: string) => {
    const path = join(folder, "webhook");
    writeFileSync(path, text);
    return path;
  };
  const refusal = (file?: string) => {
    try {
      findWebhook(file);
    } catch (error) {
      assert.ok(error instanceof UserError);
      return error.message;
    }
    return assert.fail("not refused");
  };

  it("is absent unless it is configured", () => assert.equal(findWebhook(), undefined));

  it("comes from GRAY_WEBHOOK, which no child process inherits", () => {
    process.env.GRAY_WEBHOOK = ` https://hooks.example/${secret}\n`;
    assert.equal(findWebhook()?.href, `https://hooks.example/${secret}`);
    assert.equal(process.env.GRAY_WEBHOOK, undefined);
  });

  it("comes from the file if one is given", () => {
    process.env.GRAY_WEBHOOK = "https://hooks.example/a";
    assert.equal(findWebhook(fileWith("https://hooks.example/b\n"))?.href, "https://hooks.example/b");
    assert.equal(process.env.GRAY_WEBHOOK, undefined);
  });

  it("is refused without being shown if it is not an HTTP URL", () => {
    for (const text of [secret, `ftp://hooks.example/${secret}`, `https:// ${secret}`]) {
      process.env.GRAY_WEBHOOK = text;
      const sentence = "must hold a URL with https: or http: (its value is secret and is not shown): correct it.";
      assert.equal(refusal(), `GRAY_WEBHOOK ${sentence}`);
      const file = fileWith(text);
      assert.equal(refusal(file), `The file ${file} of the webhook ${sentence}`);
    }
    assert.match(refusal(fileWith("")), /must hold a URL/);
  });

  it("is refused if the file cannot be read, and not shown if it was given in place of the file", () => {
    assert.equal(
      refusal(`https://hooks.example/${secret}`),
      "The file given with --webhook-file cannot be read (ENOENT): give the path of a file that holds its URL.",
    );
  });
});
