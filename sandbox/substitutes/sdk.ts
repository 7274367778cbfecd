/** The Pulumi SDK that this checkout installs, and what that SDK itself depends on. */
import { createRequire } from "node:module";

const here = createRequire(import.meta.url);
const sdk = createRequire(here.resolve("@pulumi/pulumi/package.json"));

export const grpc: typeof import("@grpc/grpc-js") = sdk("@grpc/grpc-js");
export const language: typeof import("@pulumi/pulumi/proto/language_pb.js") = sdk("./proto/language_pb.js");
export const plugin: typeof import("@pulumi/pulumi/proto/plugin_pb.js") = sdk("./proto/plugin_pb.js");
export const services: typeof import("@pulumi/pulumi/proto/language_grpc_pb.js") = sdk("./proto/language_grpc_pb.js");
export const { Empty }: typeof import("google-protobuf/google/protobuf/empty_pb.js") = sdk(
  "google-protobuf/google/protobuf/empty_pb.js",
);

/** The SDK of the program in a folder: the one that must run it, so that program and runner are of one version. */
export function resolveForProgram(folder: string, module: string): string {
  try {
    return createRequire(`${folder}/package.json`).resolve(module);
  } catch {
    throw new Error(`${folder} has no @pulumi/pulumi: run npm install there`);
  }
}
