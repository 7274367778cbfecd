/**
 * Stands in front of the sandbox's Kubernetes provider, which is of version 4.18 and takes over what exists, and does what a provider
 * from 4.29 on does: it refuses to create an object that exists, unless it was configured with upsertExistingObjects. It can also
 * cut off an answer: the object is made, and the engine hears of an error alone.
 *
 * It reads the environment: STRICT_PROVIDER is the path of the real one; STRICT_CUT is the path of a file with the end of a URN,
 * whose next creation is cut off.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import type { ServerUnaryCall, ServerWritableStream, ServiceDefinition, sendUnaryData } from "@grpc/grpc-js";
import { run } from "../../harness/command.ts";
import { until } from "../../harness/kubectl.ts";
import { endWithParent } from "../../sandbox/substitutes/parent.ts";
import { grpc } from "../../sandbox/substitutes/sdk.ts";

const sdk = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json"));
const messages: typeof import("@pulumi/pulumi/proto/provider_pb.js") = sdk("./proto/provider_pb.js");
const services: typeof import("@pulumi/pulumi/proto/provider_grpc_pb.js") = sdk("./proto/provider_grpc_pb.js");

const { STRICT_PROVIDER: real = "", STRICT_CUT: cut = "" } = process.env;
const limits = { "grpc.max_receive_message_length": 400 << 20, "grpc.max_send_message_length": 400 << 20 };
const asItIs = (bytes: Buffer) => bytes;

let upserts = false;

type Unary = (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => void;

interface Inputs {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

async function exists({ apiVersion, kind, metadata: { name, namespace = "default" } }: Inputs): Promise<boolean> {
  const [version, group = ""] = apiVersion.split("/").reverse();
  const type = group === "" ? kind : `${kind}.${version}.${group}`;
  const { stdout } = await run("kubectl", ["get", type, name, "-n", namespace, "--ignore-not-found", "-o", "name"]);
  return stdout.trim() !== "";
}

function serve(port: string): void {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), limits);
  const forward =
    (path: string): Unary =>
    ({ request, metadata }, reply) => {
      client.makeUnaryRequest(path, asItIs, asItIs, request, metadata, reply);
    };
  const stream =
    (path: string) =>
    (call: ServerWritableStream<Buffer, Buffer>): void => {
      const answer = client.makeServerStreamRequest(path, asItIs, asItIs, call.request, call.metadata);
      answer.on("data", (bytes: Buffer) => call.write(bytes));
      answer.on("end", () => call.end());
      answer.on("error", (error) => call.destroy(error));
    };
  const configure: Unary = (call, reply) => {
    const request = messages.ConfigureRequest.deserializeBinary(call.request);
    upserts = request.getVariablesMap().get("kubernetes:config:upsertExistingObjects") === "true";
    forward("/pulumirpc.ResourceProvider/Configure")(call, reply);
  };
  const create: Unary = (call, reply) => {
    const request = messages.CreateRequest.deserializeBinary(call.request);
    const inputs = request.getProperties()?.toJavaScript() as unknown as Inputs;
    const send = () => forward("/pulumirpc.ResourceProvider/Create")(call, reply);
    if (request.getPreview()) return send();
    void (async () => {
      if (!upserts && (await exists(inputs))) {
        const message = `resource "${inputs.metadata.name}" was not successfully created by the Kubernetes API server: it already exists`;
        return reply({ code: grpc.status.UNKNOWN, details: message });
      }
      if (!existsSync(cut) || !request.getUrn().endsWith(readFileSync(cut, "utf8"))) return send();
      rmSync(cut);
      forward("/pulumirpc.ResourceProvider/Create")(call, () => {});
      await until("the object whose answer is cut off", () => exists(inputs));
      reply({ code: grpc.status.UNAVAILABLE, details: "the connection was cut off" });
    })();
  };
  const methods = Object.entries(services.ResourceProviderService as unknown as ServiceDefinition).map(
    ([name, method]) => ({
      name,
      method: {
        ...method,
        requestSerialize: asItIs,
        requestDeserialize: asItIs,
        responseSerialize: asItIs,
        responseDeserialize: asItIs,
      },
      serve: { configure, create }[name] ?? (method.responseStream ? stream(method.path) : forward(method.path)),
    }),
  );
  const server = new grpc.Server(limits);
  server.addService(
    Object.fromEntries(methods.map(({ name, method }) => [name, method])),
    Object.fromEntries(methods.map(({ name, serve }) => [name, serve])),
  );
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, own) => {
    if (error) throw error;
    console.log(String(own));
  });
}

// The real one ends with this process, however that ends.
const child = spawn("setpriv", ["--pdeathsig", "KILL", real, ...process.argv.slice(2)], {
  stdio: ["ignore", "pipe", "inherit"],
});
const end = () => process.exit(0);
child.once("close", end);
endWithParent(end);
createInterface(child.stdout).once("line", serve);
