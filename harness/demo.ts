/** `npm run demo`: a good release that reaches all users and a bad one that is rolled back, on the sandbox, told as it happens. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RELEASE_IMAGES } from "../sandbox/images.ts";
import { type Load, startLoad, type Totals } from "../sandbox/load.ts";
import { places } from "../sandbox/places.ts";
import { get, kubectl } from "./kubectl.ts";
import { Project } from "./project.ts";
import { enterSandbox } from "./sandbox.ts";

const namespace = "dora-apps";
const minReadySeconds = 2;
const steps = `{ stage: "dark" }, { stage: "canary", weight: 10 }, { stage: "full", watch: "10s" }`;
/** Says where the last demo's project is, so that the next one starts clean. It goes with the sandbox. */
const last = join(places().state, "demo");

const began = Date.now();
const say = (line: string) => console.log(`${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s  ${line}`);
const part = (title: string) => console.log(`\n== ${title}`);

enterSandbox();
await takeDownLast();
const project = await Project.create({ minReadySeconds });
writeFileSync(last, project.folder);
project.write("index.ts", project.read("index.ts").replace("  plan: {\n", `  plan: {\n    steps: [${steps}],\n`));

part("Release A is installed, and gets users");
say(`Only for the demo, new pods count after ${minReadySeconds} s instead of 30, and the plan is ${steps}.`);
say("pulumi up --stack canary, then pulumi up --stack prod");
await project.mustUp("canary");
await project.mustUp("prod");
await show();
const service = await get(namespace, "service", "fop-gate");
const url = `http://${service.spec.clusterIP}/`;
let users = await usersOf(url);
say("200 requests a second from here on, half of them on new connections.");

part("Release B is the next build of A, and as good: gray rollout brings it to all users");
say(
  "The evidence compares canary with stable at the same time. For the first 60 s caches are cold, and nothing is good yet.",
);
project.share({ image: RELEASE_IMAGES.B });
say("gray rollout");
const good = await onThisTerminal("rollout");
await show();
const ofGood = await met(users);

part("The bad release answers 5 % of its requests with 500, and is otherwise B");
project.share({ image: RELEASE_IMAGES.bad });
users = await usersOf(url);
say("gray rollout");
const bad = await onThisTerminal("rollout");
await show();
const ofBad = await met(users);

part("The gate: a pulumi up by hand does not bring the bad release back either");
say("pulumi up --stack prod");
const { output } = await project.mustUp("prod");
say(/warning: (fop-gate: release .*)/.exec(output)?.[1] ?? output);

part("What has happened");
// The program describes what runs again.
project.share({ image: RELEASE_IMAGES.B });
await onThisTerminal("history");
await onThisTerminal("status");
say(`Users sent ${ofGood.requests} requests while B came to all ten pods, and ${ofGood.failed} failed.`);
say(`They sent ${ofBad.requests} requests while the bad release came and went, and ${ofBad.failed} failed.`);
console.log(`
Both tracks run release B. To look around yourself:
  eval "$(npm run -s sandbox -- env)"
  npm run -s gray -- status -n ${namespace}
To remove the cluster: npm run sandbox -- down`);
// 0: promoted; 3: rolled back.
process.exitCode = good === 0 && bad === 3 && ofGood.failed === 0 ? 0 : 1;

function usersOf(url: string): Promise<Load[]> {
  return Promise.all([true, false].map((keepalive) => startLoad({ url, rate: 100, duration: "60m", keepalive })));
}

/** Ends the users. @returns how many requests they sent, and how many of these failed */
async function met(users: readonly Load[]): Promise<Pick<Totals, "requests" | "failed">> {
  const totals = await Promise.all(users.map((each) => each.stop()));
  return {
    requests: totals.reduce((sum, { requests }) => sum + requests, 0),
    failed: totals.reduce((sum, { failed }) => sum + failed, 0),
  };
}

/** Runs `gray` on the terminal of the demo, so that its live picture is seen. @returns its exit code */
function onThisTerminal(command: string): Promise<number | null> {
  const gray = join(import.meta.dirname, "../cli/gray.ts");
  const child = spawn(process.execPath, [gray, command, "-n", namespace], {
    cwd: project.folder,
    env: { ...process.env, ...project.env },
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}

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
