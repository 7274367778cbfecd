#!/usr/bin/env bash
# @pulumi/pulumi 3.276.0 (the same with 3.270.0).
#
# `pulumi.runtime.setMocks` is the documented way to unit-test a program, and resource hooks are a documented option of every resource. Together they do
# not work: the monitor of the mocks has no call `registerResourceHook`, so the promise of the hook's registration is rejected, a resource that is bound
# to the hook is never registered, and waiting for its URN never ends. One would expect that mocks ignore hooks, or call them.
#
# What gray-release does because of it: tests/fake/engine.ts gives the monitor of the mocks that call, and runs the hooks itself.
# Seen (printed below): the resource without a hook is made, the one with a hook is not, and the error is a TypeError of the SDK.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{ "name": "finding", "private": true, "type": "module" }\n' >package.json
npm install --no-audit --no-fund --ignore-scripts --silent @pulumi/pulumi@3.276.0
cat >finding.mjs <<'JS'
import * as pulumi from "@pulumi/pulumi";
const errors = [];
process.on("unhandledRejection", (error) => errors.push(error.message));
const made = [];
await pulumi.runtime.setMocks({
  newResource: ({ name, inputs }) => {
    made.push(name);
    return { id: name, state: inputs };
  },
  call: ({ inputs }) => inputs,
});
class Thing extends pulumi.CustomResource {
  constructor(name, opts) {
    super("example:index:Thing", name, {}, opts);
  }
}
new Thing("without-hook");
new Thing("with-hook", { hooks: { beforeCreate: [new pulumi.ResourceHook("before", () => {})] } });
// Nothing tells when the second one will never come, so half a second has to do.
setTimeout(() => {
  console.log(JSON.stringify({ made, errors: [...new Set(errors)] }));
  process.exit(0);
}, 500);
JS
# The SDK itself reports the promises that are left, and ends the process with an error.
seen=$(node finding.mjs 2>/dev/null) || true
echo "$seen"
[ "$seen" = '{"made":["without-hook"],"errors":["this._monitor.registerResourceHook is not a function"]}' ] || { echo "changed" >&2; exit 1; }
