import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { getCallbacks, getMonitor } = require("@pulumi/pulumi/runtime/settings.js");
const { getStore } = require("@pulumi/pulumi/runtime/state.js");
const { CallbackInvokeRequest } = require("@pulumi/pulumi/proto/callback_pb.js");
const { ResourceHookRequest, ResourceHookResponse } = require("@pulumi/pulumi/proto/resource_pb.js");

// biome-ignore lint/suspicious/noExplicitAny: the SDK gives its server no types
let server: any;

/** The resource hooks of a program, run as the engine runs them: by a call back into the program, but without a connection. */
export class Hooks {
  readonly #callbacks = new Map<string, { token: string }>();

  /** Of the program that begins. All programs of a process are called back by one server: starting it takes a fifth of a run. */
  constructor() {
    server ??= Object.assign(getCallbacks(), { shutdown: () => undefined });
    server._monitor = getMonitor();
    getStore().callbacks = server;
  }

  /** @param request RegisterResourceHookRequest */
  // biome-ignore lint/suspicious/noExplicitAny: the SDK gives its requests no types
  add(request: any): void {
    this.#callbacks.set(request.getName(), request.getCallback().toObject());
  }

  /**
   * Runs a hook for a resource, and gives the message of what it throws.
   *
   * @param registration RegisterResourceRequest
   */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  async run(name: string, registration: any): Promise<string> {
    const callback = this.#callbacks.get(name);
    if (callback === undefined) throw new Error(`no hook ${name}`);
    const change = new ResourceHookRequest();
    change.setName(registration.getName());
    change.setType(registration.getType());
    change.setNewInputs(registration.getObject());
    const request = new CallbackInvokeRequest();
    request.setToken(callback.token);
    request.setRequest(change.serializeBinary());
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const answer = await new Promise<any>((resolve, reject) => {
      server.invoke({ request }, (error: Error | null, response: unknown) =>
        error ? reject(error) : resolve(response),
      );
    });
    return ResourceHookResponse.deserializeBinary(answer.getResponse_asU8()).getError();
  }
}
