import { Command } from "commander";
import { memoryKey } from "../components/history.ts";
import { Refusal } from "../components/refusal.ts";
import { connect } from "../rollout/cluster/cluster.ts";
import { findAccess } from "../rollout/cluster/kubeconfig.ts";
import { deleteLease } from "../rollout/drive/lease.ts";
import { clusterId } from "../rollout/live/live.ts";
import { forgetAll } from "../rollout/record/kept-map.ts";
import { askFirst, assertDestroyedIn, assertSameCluster, readStacks, runPulumi, type Stack } from "./stacks.ts";

/** `gray destroy`: everything of this project down, users' way in last. */
export function destroyCommand(): Command {
  return new Command("destroy")
    .description("take down every stack of this project: stable first, then canary and the front, then the record")
    .option("--context <name>", "context of the kubeconfig, where it is not the current one")
    .option("--yes", "do not ask")
    .option("--json", "what was taken down as JSON")
    .action(destroy);
}

async function destroy(options: { context?: string; yes?: boolean; json?: boolean }): Promise<void> {
  const api = connect(findAccess({ context: options.context }));
  const stacks = inOrder(await readStacks());
  if (stacks.length === 0) throw new Refusal("No stack of this project holds anything: there is nothing to destroy.");
  const cluster = await clusterId(api);
  assertSameCluster(stacks, cluster, "KUBECONFIG or --context");
  for (const stack of stacks) await assertDestroyedIn(cluster, stack);
  const names = stacks.map((stack) => stack.name);
  if (!options.yes) {
    const question = `This takes down ${names.join(", then ")}, with all users on them.`;
    await askFirst("gray destroy", question, "Nothing was destroyed.");
  }
  for (const stack of names) {
    await runPulumi("gray destroy", ["state", "unprotect", "--all", "--yes", "--stack", stack], options.json);
    await runPulumi(
      "gray destroy",
      ["destroy", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stack],
      options.json,
    );
  }
  const services = new Map(
    stacks.flatMap((stack) => stack.services).map((each) => [memoryKey(each.namespace, each.service), each]),
  );
  for (const { namespace, service } of services.values()) {
    await forgetAll(api, namespace, service);
    await deleteLease({ api, namespace, service });
  }
  console.log(
    options.json
      ? JSON.stringify({ stacks: names, services: [...services.keys()] })
      : `Down: ${names.join(", then ")}; the records of ${[...services.keys()].join(", ")} are deleted.`,
  );
}

/** Stacks without the front first: while stable's pods end, nobody may find the way in gone or the config files missing. */
function inOrder(stacks: readonly Stack[]): Stack[] {
  const ownsFront = (stack: Stack) => Number(stack.services.some((each) => each.tracks.includes("canary")));
  return stacks.filter((stack) => stack.services.length > 0).sort((a, b) => ownsFront(a) - ownsFront(b));
}
