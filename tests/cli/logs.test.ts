import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { logsCommand, prefixed } from "../../cli/logs.ts";
import type { Shell } from "../fake/gray.ts";
import type { World } from "../fake/world.ts";
import { trial } from "./trial.ts";

const line = { container: "web", at: "2026-01-01T00:00:01Z", text: "GET / 200" };

describe("gray logs", () => {
  let world: World;
  let shell: Shell;
  let end: () => Promise<void>;
  beforeEach(async () => {
    ({ world, shell, end } = await trial());
  });
  afterEach(() => end());

  it("puts track and pod before each line, aligned with those before it", () => {
    const show = prefixed();
    const said = [
      show({ ...line, track: "stable", pod: "web-1" }),
      show({ ...line, track: "canary", pod: "web-canary-1" }),
      show({ ...line, track: "stable", pod: "web-1" }),
    ];
    assert.deepEqual(said.map(stripVTControlCharacters), [
      "stable web-1  GET / 200",
      "canary web-canary-1  GET / 200",
      "stable web-1         GET / 200",
    ]);
  });

  it("is one JSON object a line, and ends quietly when it is interrupted", async () => {
    world.api.put("/api/v1/namespaces/dora-apps/pods/web-canary-1", {
      metadata: { name: "web-canary-1", labels: { app: "web", track: "canary", release: "bbbbbbbbbbbb" } },
      spec: { containers: [{ name: "web" }] },
      status: { phase: "Running" },
    });
    world.api.intercept = ({ path, query }) => {
      if (!path.endsWith("/web-canary-1/log")) return undefined;
      assert.equal(query.get("sinceSeconds"), "600");
      const { log } = console;
      console.log = (said: string) => {
        log(said);
        process.emit("SIGINT");
      };
      return { status: 200, stream: Readable.from([`${line.at} ${line.text}\n`]) };
    };
    const said = await shell.run(logsCommand(), "--json", "--since", "10m", "--track", "canary");
    const expected = { track: "canary", release: "bbbbbbbbbbbb", pod: "web-canary-1", ...line };
    assert.deepEqual(JSON.parse(said), expected);
  });
});
