import assert from "node:assert/strict";
import fc from "fast-check";
import { advance, nothingCounted } from "../../analysis/counters.ts";
import { Evidence } from "../../analysis/evidence.ts";
import { ownMetrics } from "../../analysis/providers/own-metrics.ts";
import { type Ask, podSource } from "../../analysis/providers/pods.ts";
import { prometheusSource } from "../../analysis/providers/prometheus.ts";
import { traefik } from "../../analysis/providers/traefik.ts";
import type { Pod, TargetReading } from "../../analysis/reading.ts";
import { judge } from "../../analysis/verdict.ts";
import { runs } from "../long.ts";
import { pod } from "./reading.ts";
import { WebServer } from "./server.ts";

/** A malicious text that tries to break out of a sentence of gray's. */
const hostile = fc
  .array(
    fc.constantFrom(
      "\u001b[31m",
      "\u001b]0;title\u0007",
      "\u009b2J",
      "\n::error::",
      "\r\n",
      "\u2028",
      "\u202e",
      "\0",
      "\t",
      "“quoted”",
      '"',
      "\\",
      "}",
      "word ",
      "x".repeat(5000),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.join(""));

/** Maximum length of a sentence with two foreign texts in it. */
const longest = 1000;

function assertSafe(targets: readonly TargetReading[], pods: readonly Pod[]): void {
  const problems = targets.flatMap(({ problem }) => problem ?? []);
  for (const problem of problems) {
    assert.doesNotMatch(problem, /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    assert.ok(problem.length <= longest, `${problem.length} characters`);
  }
  // The sentence becomes the reason of a verdict.
  const evidence = new Evidence({ canary: "aaaaaaaaaaaa", stable: ["bbbbbbbbbbbb"] });
  const before = advance(nothingCounted, { at: 0, pods, targets: [] }).after;
  const { tick } = advance(before, { at: 1000, pods, targets });
  if (tick) evidence.observe(tick);
  const { reason } = judge(evidence, 1000);
  assert.doesNotMatch(reason, /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
  assert.ok(reason.length <= longest + 200);
}

describe("foreign text in a problem", () => {
  it("is one line of limited length, whatever a pod answers", async () => {
    const escaped = (text: string) => text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
    const bodies = hostile.chain((text) =>
      fc.constantFrom(
        { status: 200, body: text },
        { status: 200, body: `${text}\n` },
        { status: 200, body: `http_requests_total{code="${escaped(text)}"} 1\n` },
        { status: 200, body: `http_requests_total{le="${escaped(text)}"} 1\n` },
        { status: 200, body: `http_requests_total{code="200",a="${escaped(text)}"} NaN\n` },
        { status: 200, body: `http_requests_total{code="200",a="${escaped(text)}"} 1\n`.repeat(2) },
        {
          status: 200,
          body: `http_requests_total{code="200"} 1\nhttp_request_duration_seconds_bucket{le="1",a="${escaped(text)}"} 1\n`,
        },
        { status: 500, body: text },
        { status: 403, body: JSON.stringify({ message: text }) },
        { status: 404, body: JSON.stringify({ message: `pods "${text}" not found at all` }) },
        { throws: text },
        { annotation: "path", text },
        { annotation: "port", text },
        { annotation: "scheme", text },
        { name: text },
      ),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (given) => {
        const ask: Ask = async () => {
          if ("throws" in given) throw new Error(given.throws);
          return { status: 500, ...given, text: parts("body" in given ? given.body : "") };
        };
        const annotations: Pod["annotations"] =
          "annotation" in given ? { [`prometheus.io/${given.annotation}`]: given.text ?? "" } : {};
        const pods = [pod("name" in given ? given.name : "a", { annotations })];
        const targets = await podSource({ ask, namespace: "n" }).read(pods, new AbortController().signal);
        assert.equal(typeof targets[0]?.problem, "string");
        assertSafe(targets, pods);
      }),
      { numRuns: runs(500) },
    );
  });

  it("is one line of limited length, whatever Prometheus answers", async () => {
    const server = await WebServer.start();
    const series = (labels: object, value = "NaN") => ({
      status: "success",
      data: { resultType: "matrix", result: [{ metric: labels, values: [[Date.now() / 1000, value]] }] },
    });
    const answers = hostile.chain((text) =>
      fc.constantFrom<unknown>(
        text,
        { status: "error", errorType: text, error: text },
        { status: "success", data: { resultType: "matrix", result: [] }, warnings: [text, text] },
        series({ __name__: "http_requests_total", pod: "a", code: text }),
        series({ __name__: "http_requests_total", pod: "a", code: "200", [text]: text }),
        series({
          __name__: "traefik_service_requests_total",
          service: "n-w-canary-80@kubernetes",
          code: "200",
          instance: text,
        }),
      ),
    );
    const backends = { stable: "w-stable", canary: "w-canary" };
    try {
      await fc.assert(
        fc.asyncProperty(answers, fc.boolean(), async (given, gateway) => {
          server.answer = (_, response) => response.end(typeof given === "string" ? given : JSON.stringify(given));
          const query = gateway ? traefik({ namespace: "n", backends }) : ownMetrics({ namespace: "n" });
          const pods = [pod("a", { track: "canary" })];
          const targets = await prometheusSource({ url: server.url, query }).read(pods, new AbortController().signal);
          assertSafe(targets, pods);
          for (const { target } of targets) assert.ok(target.length < 400);
        }),
        { numRuns: runs(200) },
      );
    } finally {
      await server.stop();
    }
  });
});

async function* parts(text: string): AsyncGenerator<string> {
  yield text;
}
