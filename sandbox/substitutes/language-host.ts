/**
 * pulumi-language-nodejs, for machines that cannot get the official one. It serves the calls that `pulumi up`, `preview`,
 * `destroy`, policy packs and `about` make; code generation is not served.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import type * as Grpc from "@grpc/grpc-js";
import type * as Language from "@pulumi/pulumi/proto/language_pb.js";
import { requiredPackages } from "./packages.ts";
import { endWithParent } from "./parent.ts";
import { Empty, grpc, language, plugin, resolveForProgram, services } from "./sdk.ts";

const VERSION = "3.259.0";
/** The runner has told the user already what went wrong. */
const EXIT_AFTER_REPORT = 32;
const MESSAGE_LIMIT = 400 << 20;

type Call<Q, A> = Grpc.ServerUnaryCall<Q, A>;
type Reply<A> = Grpc.sendUnaryData<A>;

let engine = process.argv.slice(2).find((argument) => !argument.startsWith("-")) ?? "";
const children = new Set<ChildProcess>();

/** Compiling the SDK anew is half of a program's start. */
const baseEnvironment = {
  NODE_COMPILE_CACHE: join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "gray-release", "node-compile"),
  ...process.env,
};

/** Runs the first `node` on PATH, as the official host does. */
function startNode(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn("node", args, {
    cwd,
    env: { ...baseEnvironment, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.add(child);
  child.on("close", () => children.delete(child));
  return child;
}

/** Programs that run, without plugins. */
const programs = new Set<ChildProcess>();
/** Milliseconds that a program has to end after SIGINT, as the official host has it. */
const endMilliseconds = 5000;

/** Asks a program to end, and kills it if it does not. */
function interrupt(program: ChildProcess): void {
  program.kill("SIGINT");
  const timer = setTimeout(() => program.kill("SIGKILL"), endMilliseconds);
  program.once("exit", () => clearTimeout(timer));
}

interface Options {
  typescript?: boolean;
  nodeargs?: string;
}

function optionsOf(info: Language.ProgramInfo | undefined): Options {
  return (info?.getOptions()?.toJavaScript() ?? {}) as Options;
}

/** Runs the program; the answer comes when it has ended. */
function run(call: Call<Language.RunRequest, Language.RunResponse>, reply: Reply<Language.RunResponse>): void {
  const request = call.request;
  const info = request.getInfo();
  const folder = info?.getProgramDirectory() || request.getPwd();
  const options = optionsOf(info);
  const config = Object.fromEntries(request.getConfigMap().toObject(false) as [string, string][]);
  const args = [
    ...(options.nodeargs ? options.nodeargs.split(/\s+/) : []),
    resolveForProgram(folder, "@pulumi/pulumi/cmd/run"),
    ...["--monitor", request.getMonitorAddress(), "--engine", engine],
    ...["--organization", request.getOrganization(), "--project", request.getProject(), "--stack", request.getStack()],
    ...["--root-directory", info?.getRootDirectory() ?? folder, "--pwd", request.getPwd()],
    ...["--parallel", String(request.getParallel())],
    ...(request.getDryrun() ? ["--dry-run"] : []),
    info?.getEntryPoint() || request.getProgram() || ".",
    ...request.getArgsList(),
  ];
  const child = startNode(args, request.getPwd(), {
    PULUMI_NODEJS_TYPESCRIPT: String(options.typescript !== false),
    PULUMI_CONFIG: JSON.stringify(config),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
  });
  programs.add(child);
  // What the host prints is what the CLI shows.
  child.stdout?.pipe(process.stdout, { end: false });
  child.stderr?.pipe(process.stderr, { end: false });
  call.on("cancelled", () => interrupt(child));
  let failure: Error | undefined;
  child.on("error", (error) => {
    failure = error;
  });
  child.on("close", (code, signal) => {
    programs.delete(child);
    const answer = new language.RunResponse();
    if (failure) answer.setError(`the program cannot be run: ${failure.message}`);
    else if (code === EXIT_AFTER_REPORT) answer.setBail(true);
    else if (code !== 0) answer.setError(`the program ended with ${signal ?? `exit code ${code}`}`);
    reply(null, answer);
  });
}

/** Runs a policy pack or a provider that is written for Node, and streams what it prints. */
function runPlugin(call: Grpc.ServerWritableStream<Language.RunPluginRequest, Language.RunPluginResponse>): void {
  const request = call.request;
  const folder = request.getInfo()?.getProgramDirectory() || request.getProgram();
  const env = Object.fromEntries(request.getEnvList().map((pair) => split(pair)));
  const isPolicy = request.getKind() === "analyzer";
  const runner = resolveForProgram(
    folder,
    isPolicy ? "@pulumi/pulumi/cmd/run-policy-pack" : "@pulumi/pulumi/cmd/run-plugin",
  );
  const { nodeargs, typescript } = optionsOf(request.getInfo());
  // The official host has them behind the runner too.
  const own = nodeargs ? nodeargs.split(/\s+/) : [];
  const args = isPolicy
    ? [runner, ...own, ...request.getArgsList(), "."]
    : [runner, ...own, folder, ...request.getArgsList()];
  if (typescript !== false) env.PULUMI_NODEJS_TYPESCRIPT = "true";
  const child = startNode(args, isPolicy ? folder : request.getPwd(), env);
  const send = (fill: (message: Language.RunPluginResponse) => void) => {
    const message = new language.RunPluginResponse();
    fill(message);
    call.write(message);
  };
  child.stdout?.on("data", (bytes: Buffer) => send((message) => message.setStdout(bytes)));
  child.stderr?.on("data", (bytes: Buffer) => send((message) => message.setStderr(bytes)));
  call.on("cancelled", () => child.kill("SIGTERM"));
  child.on("close", (code) => {
    send((message) => message.setExitcode(code ?? 1));
    call.end();
  });
}

/** "NAME=value" */
function split(pair: string): [string, string] {
  const at = pair.indexOf("=");
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function getRequiredPackages(
  call: Call<Language.GetRequiredPackagesRequest, Language.GetRequiredPackagesResponse>,
  reply: Reply<Language.GetRequiredPackagesResponse>,
): void {
  const answer = new language.GetRequiredPackagesResponse();
  for (const required of requiredPackages(call.request.getInfo()?.getProgramDirectory() ?? process.cwd())) {
    const dependency = new plugin.PackageDependency();
    dependency.setName(required.name);
    dependency.setKind("resource");
    dependency.setVersion(required.version);
    dependency.setServer(required.server);
    answer.addPackages(dependency);
  }
  reply(null, answer);
}

function installDependencies(
  call: Grpc.ServerWritableStream<Language.InstallDependenciesRequest, Language.InstallDependenciesResponse>,
): void {
  const folder = call.request.getInfo()?.getProgramDirectory() || call.request.getDirectory();
  const child = spawn("npm", ["install"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const send = (bytes: Buffer) => {
    const message = new language.InstallDependenciesResponse();
    message.setStdout(bytes);
    call.write(message);
  };
  child.stdout.on("data", send);
  child.stderr.on("data", send);
  child.on("close", (code) => {
    if (code === 0) call.end();
    else call.destroy(new Error(`npm install in ${folder} ended with exit code ${code}`));
  });
}

const served = {
  handshake(call: Call<Language.LanguageHandshakeRequest, unknown>, reply: Reply<Language.LanguageHandshakeResponse>) {
    engine = call.request.getEngineAddress() || engine;
    reply(null, new language.LanguageHandshakeResponse());
  },
  getPluginInfo(_: unknown, reply: Reply<InstanceType<typeof plugin.PluginInfo>>) {
    const answer = new plugin.PluginInfo();
    answer.setVersion(VERSION);
    reply(null, answer);
  },
  about(_: unknown, reply: Reply<Language.AboutResponse>) {
    const answer = new language.AboutResponse();
    answer.setExecutable(process.execPath);
    answer.setVersion(process.version);
    reply(null, answer);
  },
  getProgramDependencies(_: unknown, reply: Reply<Language.GetProgramDependenciesResponse>) {
    reply(null, new language.GetProgramDependenciesResponse());
  },
  // The first ^C, which the official host passes on to the program too.
  cancel(_: unknown, reply: Reply<InstanceType<typeof Empty>>) {
    for (const program of programs) interrupt(program);
    reply(null, new Empty());
  },
  run,
  runPlugin,
  getRequiredPackages,
  installDependencies,
};

function end(signal: NodeJS.Signals): void {
  for (const child of children) child.kill(signal);
  process.exit(1);
}

function serve(): void {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MESSAGE_LIMIT,
    "grpc.max_send_message_length": MESSAGE_LIMIT,
  });
  // What is not served answers UNIMPLEMENTED by itself.
  server.addService(
    services.LanguageRuntimeService as Grpc.ServiceDefinition,
    served as unknown as Grpc.UntypedServiceImplementation,
  );
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
      console.error(`pulumi-language-nodejs: ${error.message}`);
      process.exit(1);
    }
    console.log(String(port));
  });
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(signal));
endWithParent(() => end("SIGTERM"));
serve();
