import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { logsCommand, prefixed } from "../../../cli/commands/logs.ts";
import type { Shell } from "../../fake/gray.ts";
import type { World } from "../../fake/world.ts";
import { trial } from "../trial.ts";

const line = { container: "web", at: "2026-01-01T00:00:01Z", text: "GET / 200" };

describe("gray logs", () => {
  let world: World;
  let shell: Shell;
  let end: () => Promise<void>;
  beforeEach(async () => {
    ({ world, shell, end } = await trial());
  });
  afterEach(() => end());

  it("puts track and pod in front of each line, aligned with the lines before", () => {
    const show = prefixed();
    const output = [
      show({ ...line, track: "stable", pod: "web-1" }),
      show({ ...line, track: "canary", pod: "web-canary-1" }),
      show({ ...line, track: "stable", pod: "web-1" }),
    ];
    assert.deepEqual(output.map(stripVTControlCharacters), [
      "stable web-1  GET / 200",
      "canary web-canary-1  GET / 200",
      "stable web-1         GET / 200",
    ]);
  });

  /** Lets canary's pod write a line, and ends as soon as that is printed. */
  const writes = (text: string, end = () => void process.emit("SIGINT")) => {
    world.api.put("/api/v1/namespaces/dora-apps/pods/web-canary-1", {
      metadata: { name: "web-canary-1", labels: { app: "web", track: "canary", release: "bbbbbbbbbbbb" } },
      spec: { containers: [{ name: "web" }] },
      status: { phase: "Running" },
    });
    world.api.intercept = ({ path, query }) => {
      if (!path.endsWith("/web-canary-1/log")) return undefined;
      assert.equal(query.get("sinceSeconds"), "600");
      const { log } = console;
      console.log = (output: string) => {
        log(output);
        end();
      };
      return { status: 200, stream: Readable.from([`${line.at} ${text}\n`]) };
    };
  };
  const logs = (...more: string[]) => shell.run(logsCommand(), "--since", "10m", "--track", "canary", ...more);

  it("prints one JSON object per line, and ends without an error when interrupted", async () => {
    writes(line.text);
    const expected = { track: "canary", release: "bbbbbbbbbbbb", pod: "web-canary-1", ...line };
    assert.deepEqual(JSON.parse(await logs("--json")), expected);
  });

  it("ends without an error when its reader closes the pipe", async () => {
    writes(line.text, () => void process.stdout.emit("error", new Error("write EPIPE")));
    await logs();
  });

  const coloured = "\u001b[31m  at\tmain\u001b[0m\u0007\rcanary web-canary-1  fine";
  it("removes control characters of the pods, but no blanks", async () => {
    writes(coloured);
    assert.equal(stripVTControlCharacters(await logs()), "canary web-canary-1    at\tmain canary web-canary-1  fine");
    writes(coloured);
    assert.equal(JSON.parse(await logs("--json")).text, "  at\tmain canary web-canary-1  fine");
  });

  it("truncates a long line", async () => {
    writes("x".repeat(1_000_000));
    const { text } = JSON.parse(await logs("--json"));
    assert.equal(text, `${"x".repeat(15_999)}…`);
  });

  it("prints a line unchanged with --raw", async () => {
    writes(coloured);
    assert.ok((await logs("--raw")).endsWith(coloured));
    writes(coloured);
    assert.equal(JSON.parse(await logs("--raw", "--json")).text, coloured);
  });
});
