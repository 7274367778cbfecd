import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { UserError } from "../../components/user-error.ts";
import { descriptionOf } from "../../describe/answers.ts";
import { compareDescribed, renderDescribed } from "../../describe/check.ts";
import { type Description, describe } from "../../describe/description.ts";
import { type Foreign, readCanary, readRollout } from "../../describe/foreign.ts";
import { unreachable } from "../../describe/plan-steps.ts";
import { projectFiles } from "../../describe/project.ts";
import { readLiveService } from "../../describe/read.ts";
import { remarkLines } from "../../describe/remark.ts";
import { connect } from "../../kubernetes/client.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { answersOf, withAnswers } from "../options/answers.ts";
import { packageVersions } from "../options/versions.ts";

interface Options {
  readonly from?: string;
  readonly dir: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly service?: string;
  readonly image?: string;
  readonly port?: string;
  readonly readiness?: string;
  readonly replicas?: string;
  readonly host?: string;
  readonly gateway?: string;
}

/** What the project is written from, and the next step. */
interface Found {
  readonly described: Description;
  /** The live object; absent for a new service. */
  readonly from?: string;
  readonly next: string;
}

/** `gray init`: writes a project for a new service, or one that describes a live service. */
export function initCommand(): Command {
  const command = new Command("init")
    .summary("write a project, new or from a live Deployment")
    .description(
      "Writes a Pulumi project with one service: a new one by questions, or one that describes a live service. It never overwrites a file, and changes nothing in the cluster.",
    )
    .option(
      "--from <kind/name>",
      "the live object to describe: deployment/<name>, or rollout/<name> (Argo Rollouts), canary/<name> (Flagger)",
    )
    .option("--dir <folder>", "the folder of the project", ".")
    .option("--context <name>", "context of the kubeconfig (default: the current one)");
  return withAnswers(command).action(init);
}

async function init({ from, dir, context, ...given }: Options): Promise<void> {
  const {
    described,
    from: origin,
    next,
  } = from === undefined ? await asked(given, dir) : await read(from, given, context);
  const files = projectFiles(described, {
    ...(origin !== undefined && { from: origin }),
    versions: packageVersions(),
  });
  const existing = Object.keys(files).filter((name) => existsSync(join(dir, name)));
  if (existing.length > 0) {
    throw new UserError(
      `The folder ${dir} has ${existing.join(", ")} already, and gray init overwrites nothing: choose an empty folder with --dir.`,
    );
  }
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text, { flag: "wx" });
  for (const line of remarkLines(described.remarks)) console.error(line);
  if (described.obstacle !== undefined)
    console.error(`gray adopt would refuse this service now: ${described.obstacle}`);
  console.log(`Wrote ${Object.keys(files).join(", ")} in ${dir}.\n${next}`);
}

/** A new service by the answers to the questions. */
async function asked(given: Omit<Options, "from" | "dir">, folder: string): Promise<Found> {
  const described = descriptionOf(await answersOf(given, folder));
  renderDescribed(described);
  const { namespace } = described.args;
  return {
    described,
    next: `Next, there: ${setUp}, then, with namespace ${namespace} in the cluster, pulumi up --stack canary and pulumi up --stack prod.`,
  };
}

const setUp = "npm install, pulumi stack init canary, pulumi stack init prod";

/** A live object of a kind, as a service with a plan. */
type Reader = (api: Cluster, namespace: string, name: string) => Promise<Foreign>;

/** What `--from` takes. */
const readers: Readonly<Record<string, readonly [kind: string, read: Reader]>> = {
  deployment: ["Deployment", readDeployment],
  deploy: ["Deployment", readDeployment],
  rollout: ["Rollout", readRollout],
  canary: ["Canary", readCanary],
};

async function readDeployment(api: Cluster, namespace: string, name: string): Promise<Foreign> {
  return { live: await readLiveService(api, namespace, name), hasDeployment: true, plan: {}, remarks: [] };
}

/** A live service. */
async function read(
  from: string,
  { namespace, readiness }: Options | Omit<Options, "dir">,
  context?: string,
): Promise<Found> {
  const [given = "", name] = from.split("/");
  const reader = Object.hasOwn(readers, given) ? readers[given] : undefined;
  if (!reader || !name) {
    throw new UserError(`--from is ${JSON.stringify(from)}: give deployment/<name>, rollout/<name> or canary/<name>.`);
  }
  if (namespace === undefined)
    throw new UserError(`--from ${from} needs the namespace of the ${given}: give it with -n.`);
  const api = connect(findAccess({ context }));
  const [kind, readObject] = reader;
  const { live, hasDeployment, plan, remarks } = await readObject(api, namespace, name);
  const found = describe(live, readiness);
  const args = { ...found.args, ...(plan.steps && { plan }) };
  renderDescribed({ ...found, args });
  const compared = hasDeployment ? await compareDescribed(api, live.deployment, found) : [];
  return {
    described: { ...found, args, remarks: [...found.remarks, ...compared, ...remarks, ...unreachable(plan, args)] },
    from: `${kind} ${name} in namespace ${namespace}`,
    next: `Next, there: ${setUp}, then gray adopt ${found.service} -n ${namespace}${kind === "Deployment" ? "" : ", once the other tool has let go of the workload (docs/how-to/from-others.md)"}.`,
  };
}
