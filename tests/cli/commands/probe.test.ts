import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { Evidence } from "../../../analysis/evidence.ts";
import { describe as describeResults, probeCommand } from "../../../cli/commands/probe.ts";
import { UserError } from "../../../components/user-error.ts";
import { Store } from "../../../record/evidence-store.ts";
import { DarkCanary, token } from "../../fake/dark-canary.ts";
import { Shell } from "../../fake/gray.ts";

/** A command that asks canary for a path and ends with 0 if that is answered with 200. */
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
      const said = await shell.run(probeCommand(), ...args);
      return { said: stripVTControlCharacters(said), code: process.exitCode, warned };
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

  it("shows each check and way, and ends with 0 where all passed", async () => {
    await start();
    const { said, code } = await probe();
    assert.match(said, /^CHECK +WAY +STATUS +TIME +RESULT\nGET \/healthz +web-canary-1 +200 +\d+ ms +passed\n/);
    assert.ok(said.endsWith(`\n\nweb, canary ${dark.release}: all passed.`), said);
    assert.equal(code, 0);
  });

  it("ends with 3 where one did not pass, and says why", async () => {
    await start();
    dark.answer = ({ url }, response) => response.writeHead(url === "/" ? 500 : 200).end();
    const { said, code } = await probe();
    assert.match(said, /GET \/ +web-canary-1 +500 +\d+ ms +failed: the status is 500, not 200\n\n.*: 1 of 2 failed\.$/);
    assert.equal(code, 3);
  });

  it("says no time that was not spent, and no status that was not answered", () => {
    const result = { check: "a", endpoint: "token", passed: false, seconds: 5.0004, reason: "it is late" };
    assert.match(
      stripVTControlCharacters(describeResults("web", "aaaaaaaaaaaa", [result])),
      /\na +token +- +5000 ms +failed: it is late\n/,
    );
  });

  it("goes both ways where there is a route, one where one says so, and is JSON", async () => {
    await start({});
    const { said, code, warned } = await probe("--json");
    const { results, ...rest } = JSON.parse(said);
    const about = { service: "web", namespace: "dora-apps", release: dark.release, passed: true };
    assert.deepEqual(rest, { ...about, by: "both" });
    assert.deepEqual(Object.keys(results[0]), ["check", "endpoint", "passed", "status", "seconds"]);
    assert.deepEqual([code, warned], [0, []]);
    assert.ok(!said.includes(token));
    assert.equal(JSON.parse((await probe("--json", "--by", "pods")).said).results[0].endpoint, "web-canary-1");
    assert.equal(JSON.parse((await probe("--json", "--url", dark.gateway.url)).said).by, "both");
  });

  it("says of the token alone that nothing shows whose the answers are, unless canary's header does", async () => {
    await start({});
    const byToken = await probe("--json", "--by", "token");
    assert.deepEqual([byToken.code, JSON.parse(byToken.said).by], [0, "token"]);
    const doubt =
      /^gray: Nothing shows that these answers are canary's, .* Leave --by out, and the pods are asked as well\.$/;
    assert.match(byToken.warned.join(), doubt);
    assert.match(
      (await probe("--", ...asks("/"))).warned.join(),
      /^gray: Nothing .* Send the command by pods as well: /,
    );
    assert.deepEqual((await probe("--by", "pods", "--", ...asks("/"))).warned, []);
    await start({ canaryHeader: { name: "x-track", value: "canary" } });
    dark.answer = (_, response) => response.setHeader("x-track", "canary").end();
    assert.deepEqual((await probe("--", ...asks("/"))).warned, []);
  });

  it("says that its requests count while evidence is gathered from users", async () => {
    await dark.up({ weight: 10, plan: { checks: [{ path: "/" }] } });
    dark.pod("web-canary-1");
    const evidence = new Evidence({ canary: dark.release, stable: ["aaaaaaaaaaaa"] });
    evidence.observe({ at: Date.now(), seconds: 1, targets: [], pods: [], problems: [] });
    const of = { api: dark.cluster, namespace: "dora-apps", service: "web" };
    await new Store(of, assert.fail).keep(evidence, Number.POSITIVE_INFINITY);
    const { code, warned } = await probe();
    assert.deepEqual(
      [code, warned],
      [
        0,
        [
          "gray: Users meet canary of web and evidence on it is being gathered: these requests count in it as if they were the users'.",
        ],
      ],
    );
  });

  it("could not ask where the API server says no, even if a command is content with that", async () => {
    await start();
    const status = { kind: "Status", apiVersion: "v1", message: "pods is forbidden", code: 403 };
    dark.answer = (_, response) =>
      response.writeHead(403, { "content-type": "application/json" }).end(JSON.stringify(status));
    await assert.rejects(
      probe("--", process.execPath, "-e", "fetch(process.env.GRAY_URL)"),
      /^ApiError: pods is forbidden \(pods\/proxy of web-canary-1: 403\): docs\/rbac\.md of gray-release says what is needed$/,
    );
  });

  it("gives a command the way to canary, whose exit code decides", async () => {
    await start({});
    const passed = await probe("--", ...asks("/smoke"));
    assert.deepEqual([passed.said, passed.code], [`web, canary ${dark.release}: the command passed.`, 0]);
    assert.deepEqual(
      dark.got.map(({ method, url, headers, body }) => [method, url, headers["x-gray-token"], body]),
      [["POST", "/smoke", token, "b"]],
    );
    dark.answer = (_, response) => response.writeHead(500).end();
    const failed = await probe("--json", "--", ...asks("/smoke"));
    const { ended, passed: held } = JSON.parse(failed.said);
    assert.deepEqual([ended, held, failed.code], [7, false, 3]);
  });

  it("prints in CI nothing of a command that the CI system takes for a command", async () => {
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

  it("shows a command no token", async () => {
    await start({});
    const looks = `process.exit(JSON.stringify([process.env, process.argv]).includes("${token.slice(0, 3)}" + "ret") ? 1 : 0)`;
    assert.equal((await probe("--", process.execPath, "-e", looks)).code, 0);
  });

  it("fails with the signal that ended a command", async () => {
    await start();
    const { said, code } = await probe("--", process.execPath, "-e", "process.kill(process.pid, 'SIGTERM')");
    assert.match(said, /: the command ended with SIGTERM\.$/);
    assert.equal(code, 3);
  });

  it("asks for no declared checks where a command is named", async () => {
    await dark.up();
    dark.pod("web-canary-1");
    assert.equal((await probe("--", ...asks("/"))).code, 0);
    assert.equal(dark.got.length, 1);
  });

  it("is refused where the command cannot be run", async () => {
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
