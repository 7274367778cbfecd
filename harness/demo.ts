/** `npm run demo`: the main job on the sandbox, told as it happens. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RELEASE_IMAGES } from "../sandbox/images.ts";
import { startLoad } from "../sandbox/load.ts";
import { places } from "../sandbox/places.ts";
import { get, kubectl } from "./kubectl.ts";
import { Project } from "./project.ts";
import { enterSandbox } from "./sandbox.ts";

const namespace = "dora-apps";
const minReadySeconds = 2;
/** Says where the last demo's project is, so that the next one starts clean. It goes with the sandbox. */
const last = join(places().state, "demo");

const began = Date.now();
const say = (line: string) => console.log(`${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s  ${line}`);

enterSandbox();
await takeDownLast();
const project = await Project.create({ minReadySeconds });
writeFileSync(last, project.folder);
say(`Demo: minReadySeconds is ${minReadySeconds} here instead of 30, so that the demo is short.`);

say("Release A: pulumi up --stack canary, then pulumi up --stack prod");
await project.mustUp("canary");
await project.mustUp("prod");
const a = await project.release("prod");
await show();

say("200 requests a second from here on, half of them on new connections");
const service = await get(namespace, "service", "fop-gate");
const url = `http://${service.spec.clusterIP}/`;
const loads = await Promise.all(
  [true, false].map((keepalive) => startLoad({ url, rate: 100, duration: "10m", keepalive })),
);

say("Release B: pulumi up --stack canary");
project.share({ image: RELEASE_IMAGES.B });
await project.mustUp("canary");
const b = await project.release("canary");
await show();

say("Release B: pulumi up --stack prod, before anybody has judged it");
const { code, output } = await project.up("prod");
if (code === 0) throw new Error("prod took a release without a verdict");
say(`The gate: ${/error: (.*refused.*)/.exec(output)?.[1] ?? output}`);

say(`gray approve ${b}, then pulumi up --stack prod`);
const approved = await project.gray("approve", b, "--reason", "its logs and TPS look as before", "-n", namespace);
if (approved.code !== 0) throw new Error(approved.output);
await project.mustUp("prod");
await show();

say(`Undo: prod back to release ${a}, with its config files`);
project.configure("prod", { release: a });
await project.mustUp("prod");
await show();

const totals = await Promise.all(loads.map((load) => load.stop()));
const requests = totals.reduce((sum, each) => sum + each.requests, 0);
const failed = totals.reduce((sum, each) => sum + each.failed, 0);
say(`${requests} requests, ${failed} failed, while B came and went on all ten pods.`);
console.log((await project.gray("status", "-n", namespace)).output);
console.log(
  `Next, to look around yourself:\n  eval "$(npm run -s sandbox -- env)"\n  npm run -s gray -- status -n ${namespace}`,
);
process.exitCode = failed === 0 ? 0 : 1;

async function show(): Promise<void> {
  const parts = await Promise.all(
    ["fop-gate", "fop-gate-canary"].map(async (name) => {
      const { spec, status } = await get(namespace, "deployment", name);
      return `${name} ${status.availableReplicas}/${spec.replicas} on ${spec.template.metadata.labels.release}`;
    }),
  );
  say(parts.join(", "));
}

async function takeDownLast(): Promise<void> {
  const kinds = "deployments,services,ingresses,configmaps";
  await kubectl(["delete", kinds, "-n", namespace, "-l", "app=fop-gate", "--ignore-not-found"]);
  if (!existsSync(last)) return;
  const folder = readFileSync(last, "utf8");
  if (existsSync(folder)) Project.at(folder).forget();
  rmSync(last);
}
