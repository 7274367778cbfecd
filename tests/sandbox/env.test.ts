import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { exportLines, sandboxEnvironment } from "../../sandbox/env.ts";
import { places } from "../../sandbox/places.ts";
import { quote } from "../../sandbox/shell.ts";

const at = places({ HOME: "/home/dora", GRAY_SANDBOX_DIR: "/srv/gray" });

describe("the sandbox's environment", () => {
  const environment = sandboxEnvironment(at, "/x/bin:/y/bin");

  it("points kubectl and Pulumi at the sandbox, and names no secret", () => {
    const { PATH: _, ...rest } = environment;
    assert.deepEqual(rest, {
      KUBECONFIG: "/srv/gray/kubeconfig",
      NODE_COMPILE_CACHE: "/home/dora/.cache/gray-release/node-compile",
      PULUMI_HOME: "/srv/gray/pulumi/home",
      PULUMI_BACKEND_URL: "file:///srv/gray/pulumi/stacks",
      PULUMI_CONFIG_PASSPHRASE_FILE: "/home/dora/.cache/gray-release/passphrase",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    });
  });

  it("has the checkout's Node first on PATH, then our tools, then the user's", () => {
    const folders = environment.PATH?.split(":") ?? [];
    assert.equal(folders[0], `${at.checkout}/node_modules/.bin`);
    assert.equal(folders[1], "/srv/gray/pulumi/bin");
    assert.deepEqual(folders.slice(-2), ["/x/bin", "/y/bin"]);
  });

  it("is the same when asked for from within", () => {
    assert.deepEqual(sandboxEnvironment(at, environment.PATH), environment);
  });

  it("survives a shell's eval, whatever is in it", () => {
    const lines = exportLines({ PLAIN: "/a:/b", ODD: `it's "$HOME" \\ $(id)` });
    const said = execFileSync("sh", ["-c", `eval "$1"; printf '%s|%s' "$PLAIN" "$ODD"`, "sh", lines]).toString();
    assert.equal(said, `/a:/b|it's "$HOME" \\ $(id)`);
    assert.equal(quote("/a:/b"), "/a:/b");
  });
});
