import { Command } from "commander";
import { stackStateKey } from "../../components/history.ts";
import { UserError } from "../../components/user-error.ts";
import { connect } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { clusterId } from "../../live/live.ts";
import { forgetAll } from "../../record/config-map-store.ts";
import { deleteLease } from "../../rollout/lease.ts";
import { deleteOwned, type Leftover, leftovers } from "../leftovers.ts";
import { askFirst, assertDestroyedIn, assertSameCluster, readStacks, runPulumi, type Stack } from "../stacks.ts";

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
  const stacks = destroyOrder(await readStacks());
  if (stacks.length === 0) throw new UserError("No stack of this project holds anything: there is nothing to destroy.");
  const cluster = await clusterId(api);
  assertSameCluster(stacks, cluster, "KUBECONFIG or --context");
  for (const stack of stacks) await assertDestroyedIn(cluster, stack);
  const services = new Map(
    stacks.flatMap((stack) => stack.services).map((each) => [stackStateKey(each.namespace, each.service), each]),
  );
  // A right that is missing must not show half-way.
  for (const { namespace, service } of services.values()) await leftovers(api, namespace, service);
  const names = stacks.map((stack) => stack.name);
  if (!options.yes) {
    const question = `This takes down ${names.join(", then ")}, with all users on them.`;
    await askFirst("gray destroy", question, "Nothing was destroyed.");
  }
  const deleted: Leftover[] = [];
  for (const stack of stacks) {
    await runPulumi("gray destroy", ["state", "unprotect", "--all", "--yes", "--stack", stack.name], options.json);
    await runPulumi(
      "gray destroy",
      ["destroy", "--yes", "--skip-preview", "--suppress-outputs", "--stack", stack.name],
      options.json,
    );
    for (const { namespace, service, owner } of stack.services) {
      if (owner === undefined) continue;
      deleted.push(...(await deleteOwned(api, await leftovers(api, namespace, service), owner)));
    }
  }
  const left: Leftover[] = [];
  const forgotten: string[] = [];
  for (const [key, { namespace, service }] of services) {
    const remaining = await leftovers(api, namespace, service);
    left.push(...remaining);
    // Whoever owns the rest goes by the record.
    if (remaining.length > 0) continue;
    await forgetAll(api, namespace, service);
    await deleteLease({ api, namespace, service });
    forgotten.push(key);
  }
  if (options.json) {
    console.log(JSON.stringify({ stacks: names, services: [...services.keys()], deleted, left }));
  } else {
    if (deleted.length > 0) {
      console.log(`Deleted too, as an up that was killed had made them and no state held them: ${namesOf(deleted)}.`);
    }
    const records = forgotten.length > 0 ? `; the records of ${forgotten.join(", ")} are deleted` : "";
    console.log(`Down: ${names.join(", then ")}${records}.`);
  }
  if (left.length === 0) return;
  throw new UserError(
    `${namesOf(left)} still stand, for these stacks did not make them, and so does their record: take down the stack that made them, in its own backend, or, if there is none, delete them with kubectl.`,
  );
}

/** `Deployment web of dora-apps, Service web of dora-apps` */
function namesOf(objects: readonly Leftover[]): string {
  return objects.map(({ kind, namespace, name }) => `${kind} ${name} of ${namespace}`).join(", ");
}

/** Stacks without the front first: while stable's pods end, nobody may find the way in gone or the config files missing. */
function destroyOrder(stacks: readonly Stack[]): Stack[] {
  const ownsFront = (stack: Stack) => Number(stack.services.some((each) => each.tracks.includes("canary")));
  return stacks.filter((stack) => stack.services.length > 0).sort((a, b) => ownsFront(a) - ownsFront(b));
}
