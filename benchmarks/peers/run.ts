/** `npm run bench:peers`: the same release by `gray rollout`, Argo Rollouts and Flagger, good and bad, in one run on the sandbox. */
import { parseArgs } from "node:util";
import { enterSandbox } from "../../harness/sandbox.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import { load, Session } from "../session.ts";
import { ArgoRollouts } from "./argo-rollouts.ts";
import type { Contender } from "./contender.ts";
import { Described } from "./described.ts";
import { Flagger } from "./flagger.ts";
import { Gray, type Traffic } from "./gray.ts";
import { type SettingName, settings } from "./rules.ts";
import { table } from "./table.ts";
import { type Turn, take } from "./turn.ts";

const traffics = ["pods", "gateway"] as const;
const names = Object.keys(settings) as SettingName[];
const { values } = parseArgs({
  options: {
    only: { type: "string", default: traffics.join(",") },
    rules: { type: "string", default: "equal,strict" },
    rounds: { type: "string", default: "3" },
  },
});
const rounds = Number(values.rounds);
const only = values.only.split(",") as Traffic[];
const rules = values.rules.split(",") as SettingName[];
const known = only.every((each) => traffics.includes(each)) && rules.every((each) => names.includes(each));
if (!known || !Number.isInteger(rounds) || rounds < 1) {
  console.error(
    `npm run bench:peers -- [--rounds <number>] [--only <traffic,traffic>] [--rules <name,name>], of traffic by ${traffics.join(", ")} and the rules ${names.join(", ")}.`,
  );
  process.exit(2);
}

const session = new Session();
// Where the environment is that of a sandbox with both add-ons, it is taken as it is.
if (!process.env.GRAY_SANDBOX_GATEWAY || !process.env.GRAY_SANDBOX_PROMETHEUS) enterSandbox(["gateway", "prometheus"]);
const { GRAY_SANDBOX_GATEWAY: gateway = "", GRAY_SANDBOX_PROMETHEUS: prometheus = "" } = process.env;
const turns: Turn[] = [];
try {
  for (const traffic of only) await compare(traffic);
} finally {
  await session.end();
}
for (const name of rules) {
  for (const kind of settings[name].releases)
    console.log(`\n${name} rules, ${kind} release\n${table(turns, name, kind)}`);
}
session.say(`done, load average ${load()}`);

/** Ours and the peer with the same kind of traffic, in turns. */
async function compare(traffic: Traffic): Promise<void> {
  session.say(`installing, traffic by ${traffic}`);
  const ours = await Gray.start(`gray-peers-${traffic}`, traffic, gateway, session.atEnd);
  const runs = new Map<Contender, string>([
    [ours, await ours.project.release("prod", `gray-peers-${traffic}/fop-gate`)],
  ]);
  const peer = await startPeer(traffic, ours);
  runs.set(peer, "first");
  for (let round = 0; round < rounds; round++) {
    for (const name of rules) {
      for (const kind of settings[name].releases) {
        for (const contender of [ours, peer]) {
          const change = { image: imageOf(kind, round), note: `${name}-${kind}-${round}` };
          const before = runs.get(contender) ?? "";
          const took = await take(contender, { kind, name, setting: settings[name], change, before });
          runs.set(contender, took.runs);
          turns.push(took.turn);
          session.say(sentence(took.turn));
        }
      }
    }
  }
  await session.end();
}

async function startPeer(traffic: Traffic, ours: Gray): Promise<Contender> {
  const namespace = `gray-peers-${traffic === "pods" ? "argo" : "flagger"}`;
  const described = await Described.by(ours, namespace);
  const first = { image: RELEASE_IMAGES.A, note: "first" };
  const setting = settings[rules[0] ?? "equal"];
  return traffic === "pods"
    ? ArgoRollouts.start({ namespace, prometheus, described }, first, setting, session.atEnd)
    : Flagger.start({ namespace, prometheus, described, gateway }, first, setting, session.atEnd);
}

function imageOf(kind: Turn["kind"], round: number): string {
  if (kind === "bad") return RELEASE_IMAGES.bad;
  return round % 2 === 0 ? RELEASE_IMAGES.B : RELEASE_IMAGES.A;
}

function sentence({
  contender,
  setting,
  kind,
  outcome,
  seconds,
  requests,
  failed,
  bad,
  lastOnNew,
  lastOnKept,
}: Turn): string {
  return `${contender}, ${setting} rules: ${kind} release ${outcome} after ${seconds.toFixed(1)} s; ${failed} failed of ${requests}, ${bad} bad; last answer of the release that went ${lastOnNew.toFixed(1)} s, ${lastOnKept.toFixed(1)} s on kept connections; load average ${load()}`;
}
