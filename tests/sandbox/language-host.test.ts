import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { until } from "../../harness/kubectl.ts";
import { Empty, grpc, language } from "../../sandbox/substitutes/sdk.ts";

const checkout = join(import.meta.dirname, "../..");
const { Struct } = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json"))(
  "google-protobuf/google/protobuf/struct_pb.js",
);
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

  it("runs a provider with its arguments and environment, and passes on what it prints and how it ends", async () => {
    await start('echo 4711; echo "says $SAYS" >&2; exit 3');
    const request = new language.RunPluginRequest();
    const info = new language.ProgramInfo();
    info.setProgramDirectory(join(checkout, "package"));
    info.setOptions(Struct.fromJavaScript({ nodeargs: "--own 1" }));
    request.setInfo(info);
    request.setPwd(folder);
    request.setKind("resource");
    request.setArgsList(["127.0.0.1:2"]);
    request.setEnvList(["SAYS=a=b"]);
    const call = (client as unknown as { runPlugin(request: unknown): NodeJS.EventEmitter }).runPlugin(request);
    const got = { out: "", err: "", code: undefined as number | undefined };
    // biome-ignore lint/suspicious/noExplicitAny: the SDK gives its clients no types
    call.on("data", (response: any) => {
      got.out += Buffer.from(response.getStdout_asU8());
      got.err += Buffer.from(response.getStderr_asU8());
      if (response.hasExitcode()) got.code = response.getExitcode();
    });
    await new Promise((end) => call.once("end", end));
    assert.deepEqual(got, { out: "4711\n", err: "says a=b\n", code: 3 });
    assert.match(
      readFileSync(join(folder, "ran"), "utf8"),
      /@pulumi\/pulumi\/cmd\/run-plugin\S* --own 1 \S*\/package 127\.0\.0\.1:2\n$/,
    );
  });
});
