import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { Evidence } from "../../../analysis/evidence.ts";
import { describe as describeResults, probeCommand } from "../../../cli/commands/probe.ts";
import { UserError } from "../../../components/user-error.ts";
import { EvidenceStore } from "../../../record/evidence-store.ts";
import { DarkCanary, token } from "../../fake/dark-canary.ts";
import { Shell } from "../../fake/gray.ts";

/** A command that sends a request to canary and ends with 0 if the answer is 200. */
const asks = (path: string) => [
  process.execPath,
  "-e",
  `fetch(process.env.GRAY_URL + "${path}", { method: "POST", body: "b" }).then(({ status }) => process.exit(status === 200 ? 0 : 7))`,
];

describe("gray probe", () => {
  let dark: DarkCanary;
  let shell: Shell;
  const was = process.exitCode;
  const start = async (route?: object) => {
    await dark.up({ plan: { checks: [{ path: "/healthz" }, { path: "/" }] } }, route);
    dark.pod("web-canary-1");
  };
  const probe = async (...args: string[]) => {
    process.exitCode = undefined;
    const warned: string[] = [];
    const { error } = console;
    console.error = (line: string) => void warned.push(line);
    try {
      const output = await shell.run(probeCommand(), ...args);
      return { output: stripVTControlCharacters(output), code: process.exitCode, warned };
    } finally {
      console.error = error;
    }
  };
  beforeEach(async () => {
    dark = await DarkCanary.start();
    shell = new Shell(dark.kubeconfig);
  });
  afterEach(async () => {
    process.exitCode = was;
    shell.remove();
    await dark.stop();
  });

  it("prints each check and endpoint, and ends with 0 if all passed", async () => {
    await start();
    const { output, code } = await probe();
    assert.match(output, /^CHECK +ENDPOINT +STATUS +TIME +RESULT\nGET \/healthz +web-canary-1 +200 +\d+ ms +passed\n/);
    assert.ok(output.endsWith(`\n\nweb, canary ${dark.release}: all passed.`), output);
    assert.equal(code, 0);
  });

  it("is refused for a worker, which answers no requests", async () => {
    await dark.up({ ports: [], weight: 10 });
    for (const args of [[], ["--", "true"]]) {
      await assert.rejects(
        probe(...args),
        new UserError(
          "web is a worker and answers no requests, so there is nothing to probe: let the evidence of its own counters decide, with gray verify --pair <name=bad/total>.",
        ),
      );
    }
  });

  it("ends with 3 if a check failed, and prints why", async () => {
    await start();
    dark.answer = ({ url }, response) => response.writeHead(url === "/" ? 500 : 200).end();
    const { output, code } = await probe();
    assert.match(
      output,
      /GET \/ +web-canary-1 +500 +\d+ ms +failed: the status is 500, not 200\n\n.*: 1 of 2 failed\.$/,
    );
    assert.equal(code, 3);
  });

  it("prints the real time, and no status without an answer", () => {
    const result = { check: "a", endpoint: "token", passed: false, seconds: 5.0004, reason: "it is late" };
    assert.match(
      stripVTControlCharacters(describeResults("web", "aaaaaaaaaaaa", [result])),
      /\na +token +- +5000 ms +failed: it is late\n/,
    );
  });

  it("uses both access paths if there is a route, or the one of --via, and prints JSON", async () => {
    await start({});
    const { output, code, warned } = await probe("--json");
    const { results, ...rest } = JSON.parse(output);
    const about = { service: "web", namespace: "dora-apps", release: dark.release, passed: true };
    assert.deepEqual(rest, { ...about, by: "both" });
    assert.deepEqual(Object.keys(results[0]), ["check", "endpoint", "passed", "status", "seconds"]);
    assert.deepEqual([code, warned], [0, []]);
    assert.ok(!output.includes(token));
    assert.equal(JSON.parse((await probe("--json", "--via", "pods")).output).results[0].endpoint, "web-canary-1");
    assert.equal(JSON.parse((await probe("--json", "--url", dark.gateway.url)).output).by, "both");
  });

  it("warns that only canary's header proves who answers a request with the token", async () => {
    await start({});
    const byToken = await probe("--json", "--via", "token");
    assert.deepEqual([byToken.code, JSON.parse(byToken.output).by], [0, "token"]);
    const doubt =
      /^gray: Nothing shows that these answers are canary's, .* Leave out --via to send the checks to the pods as well\.$/;
    assert.match(byToken.warned.join(), doubt);
    assert.match(
      (await probe("--", ...asks("/"))).warned.join(),
      /^gray: Nothing .* Run the command with --via pods as well\.$/,
    );
    assert.deepEqual((await probe("--via", "pods", "--", ...asks("/"))).warned, []);
    await start({ canaryHeader: { name: "x-track", value: "canary" } });
    dark.answer = (_, response) => response.setHeader("x-track", "canary").end();
    assert.deepEqual((await probe("--", ...asks("/"))).warned, []);
  });

  it("warns that its requests count as user traffic while evidence is being gathered", async () => {
    await dark.up({ weight: 10, plan: { checks: [{ path: "/" }] } });
    dark.pod("web-canary-1");
    const evidence = new Evidence({ canary: dark.release, stable: ["aaaaaaaaaaaa"] });
    evidence.observe({ at: Date.now(), seconds: 1, targets: [], pods: [], problems: [] });
    const of = { api: dark.cluster, namespace: "dora-apps", service: "web" };
    await new EvidenceStore(of, assert.fail).save(evidence, Number.POSITIVE_INFINITY);
    const { code, warned } = await probe();
    assert.deepEqual(
      [code, warned],
      [
        0,
        [
          "gray: Canary of web serves users and evidence on it is being gathered: these requests count as user traffic.",
        ],
      ],
    );
  });

  it("fails if the API server refuses the request, even if the command passed", async () => {
    await start();
    const status = { kind: "Status", apiVersion: "v1", message: "pods is forbidden", code: 403 };
    dark.answer = (_, response) =>
      response.writeHead(403, { "content-type": "application/json" }).end(JSON.stringify(status));
    await assert.rejects(
      probe("--", process.execPath, "-e", "fetch(process.env.GRAY_URL)"),
      /^ApiError: pods is forbidden \(pods\/proxy of web-canary-1: 403\): docs\/reference\/rbac\.md of gray-release says what is needed$/,
    );
  });

  it("gives a command the address of canary, and passes if the command does", async () => {
    await start({});
    const passed = await probe("--", ...asks("/smoke"));
    assert.deepEqual([passed.output, passed.code], [`web, canary ${dark.release}: the command passed.`, 0]);
    assert.deepEqual(
      dark.got.map(({ method, url, headers, body }) => [method, url, headers["x-gray-token"], body]),
      [["POST", "/smoke", token, "b"]],
    );
    dark.answer = (_, response) => response.writeHead(500).end();
    const failed = await probe("--json", "--", ...asks("/smoke"));
    const { ended, passed: held } = JSON.parse(failed.output);
    assert.deepEqual([ended, held, failed.code], [7, false, 3]);
  });

  it("disarms commands to the CI system in the output of a command", async () => {
    await start();
    const prints = `
      const later = () => new Promise((done) => setTimeout(done, 50));
      for (const stream of [process.stdout, process.stderr]) {
        for (const part of [":", ":set-env name=A::b\\n\\u001b[31mred\\u001b[0m\\r::add-ma", "sk::c"]) {
          stream.write(part);
          await later();
        }
      }
      process.exit(5);
    `;
    const command = ["--", process.execPath, "--input-type=module", "-e", prints];
    const { out, err, code } = await shell.runInCi("probe", ...command);
    const safe = ": :set-env name=A::b\n\u001b[31mred\u001b[0m\n: :add-mask::c\n";
    assert.deepEqual([out, err, code], [`${safe}web, canary ${dark.release}: the command ended with 5.\n`, safe, 3]);
    const asJson = await shell.runInCi("probe", "--json", ...command);
    assert.deepEqual([JSON.parse(asJson.out).ended, asJson.code], [5, 3]);
    assert.deepEqual(asJson.err.split("\n").sort(), (safe + safe).split("\n").sort());
  });

  it("does not show the token to a command", async () => {
    await start({});
    const looks = `process.exit(JSON.stringify([process.env, process.argv]).includes("${token.slice(0, 3)}" + "ret") ? 1 : 0)`;
    assert.equal((await probe("--", process.execPath, "-e", looks)).code, 0);
  });

  it("fails with the signal that ended a command", async () => {
    await start();
    const { output, code } = await probe("--", process.execPath, "-e", "process.kill(process.pid, 'SIGTERM')");
    assert.match(output, /: the command ended with SIGTERM\.$/);
    assert.equal(code, 3);
  });

  it("does not send the declared checks if a command is given", async () => {
    await dark.up();
    dark.pod("web-canary-1");
    assert.equal((await probe("--", ...asks("/"))).code, 0);
    assert.equal(dark.got.length, 1);
  });

  it("is refused if the command cannot be run", async () => {
    await start();
    await assert.rejects(
      probe("--", "no-such-command"),
      new UserError("The command no-such-command cannot be run (ENOENT): correct its name, or install it."),
    );
  });

  it("runs no command while canary has no ready pod", async () => {
    await dark.up();
    await assert.rejects(probe("--", "no-such-command"), /has no ready pod, so no request was sent/);
  });
});
