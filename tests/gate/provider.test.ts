import assert from "node:assert/strict";
import type { AccessArgs } from "../../components/access.ts";
import { providerFor } from "../../gate/provider.ts";
import { run } from "../fake/engine.ts";

/** The provider's inputs as they are sent to the engine, with secrets still wrapped. */
async function registered(
  choice: AccessArgs,
  environment: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  let sent: Record<string, unknown> = {};
  await run(() => void providerFor(choice, "uid-1"), {
    environment,
    step: (_, inputs) => {
      sent = inputs;
      return "Create";
    },
  });
  return sent;
}

describe("the provider", () => {
  it("is bound to the cluster, and neither to the file nor to the context by which this machine reaches it", async () => {
    const { clusterIdentifier, context, kubeconfig } = await registered({}, { KUBECONFIG: "/home/alice/.kube/config" });
    assert.deepEqual([clusterIdentifier, context, kubeconfig], ["uid-1", undefined, ""]);
  });

  it("gets a context and the path of a kubeconfig that the configuration chooses", async () => {
    const sent = await registered({ kubeconfig: "./eu.kubeconfig", context: "eu" });
    assert.equal(sent.context, "eu");
    assert.equal((sent.kubeconfig as Record<string, unknown>).value, "./eu.kubeconfig");
  });

  it("takes over existing objects, because a killed up leaves objects that are in no state", async () => {
    // The SDK sends every value that is not a string as JSON.
    assert.equal((await registered({})).upsertExistingObjects, "true");
  });

  it("gets a kubeconfig as a secret, so that its token is not readable in the state", async () => {
    const text = '{"users":[{"name":"u","user":{"token":"secret-token"}}]}';
    const sent = (await registered({ kubeconfig: text })).kubeconfig as Record<string, unknown>;
    assert.equal(sent["4dabf18193072939515e22adb298388d"], "1b47061264138c4ac30d75fd1eb44270");
    assert.equal(sent.value, text);
  });

  it("is one for all services of a program", async () => {
    await run(() => assert.equal(providerFor({}, "uid-1"), providerFor({}, "uid-1")));
  });

  it("is refused for a second cluster, which needs one of its own", async () => {
    await run(() => {
      providerFor({}, "uid-1");
      assert.throws(
        () => providerFor({ context: "eu" }, "uid-2"),
        /^UserError: This program deploys to the clusters with the UIDs uid-1 and uid-2: give the services of each a provider of its own/,
      );
    });
  });
});
