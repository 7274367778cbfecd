#!/usr/bin/env bash
# @pulumi/kubernetes 4.34.2 with @pulumi/pulumi 3.270.0.
#
# An explicit Provider that is given no kubeconfig takes the VALUE of the environment variable KUBECONFIG as its input, so the
# state of the stack holds a path of the machine that ran `up` first. `pulumi up --refresh` (and `options: refresh: always`) asks
# that stored provider before the program runs, so another machine, whose KUBECONFIG has another path, cannot refresh the stack.
# One would expect that what is left out stays out, and is looked up where the provider runs. An empty string stays empty.
#
# What gray-release does because of it: gate/provider.ts gives kubeconfig "".
# Seen (printed below): left out -> "/home/laptop/.kube/config"; "" -> "".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '{ "name": "finding", "private": true, "type": "module" }\n' >package.json
npm install --no-audit --no-fund --ignore-scripts --silent @pulumi/kubernetes@4.34.2 @pulumi/pulumi@3.270.0
cat >finding.mjs <<'JS'
import * as pulumi from "@pulumi/pulumi";
import kubernetes from "@pulumi/kubernetes";
const inputs = {};
await pulumi.runtime.setMocks({
  newResource: ({ name, inputs: given }) => {
    inputs[name] = given.kubeconfig;
    return { id: name, state: given };
  },
  call: ({ inputs: given }) => given,
});
const providers = [
  new kubernetes.Provider("left-out", { clusterIdentifier: "one" }),
  new kubernetes.Provider("empty", { clusterIdentifier: "one", kubeconfig: "" }),
];
await Promise.all(providers.map(({ urn }) => new Promise((known) => urn.apply(known))));
console.log(JSON.stringify(inputs));
JS
seen=$(KUBECONFIG=/home/laptop/.kube/config node finding.mjs)
echo "$seen"
[ "$seen" = '{"left-out":"/home/laptop/.kube/config","empty":""}' ] || { echo "changed" >&2; exit 1; }
