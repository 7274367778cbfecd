import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { until } from "../../harness/kubectl.ts";
import { Empty, grpc, language } from "../../sandbox/substitutes/sdk.ts";

const checkout = join(import.meta.dirname, "../..");
const { LanguageRuntimeClient } = createRequire(import.meta.url)("@pulumi/pulumi/proto/language_grpc_pb.js");

/** What the host is asked, as Pulumi's CLI asks it. */
interface Client {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK gives its clients no types
  [call: string]: (request: any, answer: (error: Error | null, response: any) => void) => unknown;
}

describe("the stand-in language host", () => {
  let folder: string;
  let host: ChildProcess;
  let client: Client;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gray-host-"));
  });
  afterEach(async () => {
    const ended = new Promise((close) => host.once("exit", close));
    host.kill();
    await ended;
    rmSync(folder, { recursive: true });
  });

  /** Starts it with a `node` first on PATH that does this. */
  const start = async (does: string) => {
    writeFileSync(join(folder, "node"), `#!/bin/sh\necho "$*" >> "${folder}/ran"\n${does}\n`);
    chmodSync(join(folder, "node"), 0o755);
    host = spawn(join(checkout, "sandbox/substitutes/bin/pulumi-language-nodejs"), ["127.0.0.1:1"], {
      env: { ...process.env, PATH: [folder, process.env.PATH].join(delimiter) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const port = await new Promise<string>((said) => host.stdout?.once("data", (text) => said(String(text).trim())));
    client = new LanguageRuntimeClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  };
  const ask = (call: string, request: unknown) =>
    // biome-ignore lint/suspicious/noExplicitAny: as above
    new Promise<any>((resolve, reject) => {
      client[call]?.(request, (error, response) => (error ? reject(error) : resolve(response)));
    });
  const run = () => {
    const request = new language.RunRequest();
    request.setPwd(checkout);
    request.setProgram("index.ts");
    return ask("run", request);
  };
  const has = (file: string) => existsSync(join(folder, file));

  it("runs a program with the first node on PATH, as the official one does", async () => {
    await start("exit 32");
    assert.equal((await run()).getBail(), true);
    assert.match(readFileSync(join(folder, "ran"), "utf8"), /@pulumi\/pulumi\/cmd\/run\S* .*index\.ts\n$/);
  });

  it("says with what code the program ended", async () => {
    await start("exit 3");
    assert.equal((await run()).getError(), "the program ended with exit code 3");
  });

  it("passes the first ^C on to the program, as the official one does, which may end in good order", async () => {
    await start(`trap 'echo > "${folder}/heard"; exit 32' INT; echo > "${folder}/began"; while :; do sleep 0.05; done`);
    const answer = run();
    await until("the program runs", async () => has("began"));
    await ask("cancel", new Empty());
    assert.equal((await answer).getBail(), true);
    assert.ok(has("heard"));
  });

  it("kills a program that does not end", async () => {
    await start(`trap '' INT; echo > "${folder}/began"; while :; do sleep 0.05; done`);
    const answer = run();
    await until("the program runs", async () => has("began"));
    await ask("cancel", new Empty());
    assert.equal((await answer).getError(), "the program ended with SIGKILL");
  }).timeout(20_000);
});
