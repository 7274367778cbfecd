import assert from "node:assert/strict";
import { findAccess } from "../../../rollout/cluster/kubeconfig.ts";
import { providerFor } from "../../../rollout/up/provider.ts";
import { run } from "../../fake/engine.ts";

const kubeconfig = JSON.stringify({
  "current-context": "one",
  contexts: [{ name: "one", context: { cluster: "c", user: "u" } }],
  clusters: [{ name: "c", cluster: { server: "https://api.example.com:6443" } }],
  users: [{ name: "u", user: { token: "secret-token" } }],
});

/** What the engine is sent for the provider, before a secret is opened. */
async function registered(cluster: string): Promise<Record<string, unknown>> {
  let sent: Record<string, unknown> = {};
  await run(() => void providerFor(findAccess({ kubeconfig }), cluster), {
    step: (_, inputs) => {
      sent = inputs;
      return "Create";
    },
  });
  return sent;
}

describe("the provider", () => {
  it("is pinned to the cluster and context that the gate has looked at", async () => {
    const { clusterIdentifier, context } = await registered("uid-1");
    assert.deepEqual([clusterIdentifier, context], ["uid-1", "one"]);
  });

  it("gets a kubeconfig as a secret, so that its token stands in no state", async () => {
    const sent = (await registered("uid-2")).kubeconfig as Record<string, unknown>;
    assert.equal(sent["4dabf18193072939515e22adb298388d"], "1b47061264138c4ac30d75fd1eb44270");
    assert.equal(sent.value, kubeconfig);
  });
});
