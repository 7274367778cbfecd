#!/usr/bin/env bash
# @pulumi/pulumi 3.276.0 (the same with 3.270.0).
#
# A component may create its children in `initialize`, which may be asynchronous: its documentation says so, and under the engine the program does not end
# before that is done. Under `setMocks`, `await pulumi.runtime.disconnect()` is what tests use to wait for everything that a program registered; it waits for
# calls that are pending, and not for an `initialize` that has not made its calls yet. A test then sees a component without children, and an error in
# `initialize` comes after the test has passed. One would expect it to wait for both, as the engine does.
#
# What gray-release does because of it: tests/fake/engine.ts waits for `initialize` of each component before it disconnects.
# Seen (printed below): the children known after disconnect, and after the component's own data were awaited.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{ "name": "finding", "private": true, "type": "module" }\n' >package.json
npm install --no-audit --no-fund --ignore-scripts --silent @pulumi/pulumi@3.276.0
cat >finding.mjs <<'JS'
import { readFile } from "node:fs/promises";
import * as pulumi from "@pulumi/pulumi";
const made = [];
await pulumi.runtime.setMocks({
  newResource: ({ name, inputs }) => {
    made.push(name);
    return { id: name, state: inputs };
  },
  call: ({ inputs }) => inputs,
});
class Child extends pulumi.CustomResource {
  constructor(name, opts) {
    super("example:index:Child", name, {}, opts);
  }
}
class Parent extends pulumi.ComponentResource {
  constructor(name) {
    super("example:index:Parent", name, {});
  }
  children() {
    return this.getData();
  }
  async initialize() {
    for (let i = 0; i < 50; i++) await readFile("package.json");
    return new Child("child", { parent: this });
  }
}
const parent = new Parent("parent");
await pulumi.runtime.disconnect();
const afterDisconnect = [...made];
await parent.children();
await pulumi.runtime.disconnect();
console.log(JSON.stringify({ afterDisconnect, afterInitialize: made }));
JS
seen=$(node finding.mjs)
echo "$seen"
[ "$seen" = '{"afterDisconnect":["parent"],"afterInitialize":["parent","child"]}' ] || { echo "changed" >&2; exit 1; }
