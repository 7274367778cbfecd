import { Command } from "commander";
import { serviceKey } from "../../components/history.ts";
import { clauseOf, UserError } from "../../components/user-error.ts";
import { connect } from "../../kubernetes/client.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { clusterId } from "../../live/live.ts";
import { PulumiFailure, destroy as pulumiDestroy } from "../../pulumi/pulumi.ts";
import { forgetAll } from "../../record/forget.ts";
import { deleteLease } from "../../rollout/lease-object.ts";
import { deleteOwned, type Leftover, leftovers } from "../leftovers.ts";
import { shortName } from "../output/changes.ts";
import { onInterrupt } from "../signals.ts";
import { askFirst, assertDestroyedIn, assertSameCluster, readStacks, runPulumi, type Stack } from "../stacks.ts";

/** `gray destroy`: destroys all stacks of the project, the front last. */
export function destroyCommand(): Command {
  return new Command("destroy")
    .summary("destroy every stack of this project")
    .description(
      "Destroys every stack of this project: stable first, then canary and the front. Then it deletes the rollout records of the services.",
    )
    .option("--context <name>", "context of the kubeconfig (default: the current one)")
    .option("--yes", "do not ask for confirmation")
    .option("--json", "print the result as JSON")
    .action(destroy);
}

async function destroy(options: { context?: string; yes?: boolean; json?: boolean }): Promise<void> {
  const api = connect(findAccess({ context: options.context }));
  const stacks = destroyOrder(await readStacks());
  if (stacks.length === 0)
    throw new UserError(
      "No stack of the Pulumi project in this folder has a service, so there is nothing to destroy: if you meant another project, run gray destroy in its folder.",
    );
  const cluster = await clusterId(api);
  assertSameCluster(stacks, cluster, "KUBECONFIG or --context");
  for (const stack of stacks) await assertDestroyedIn(cluster, stack);
  const services = new Map(
    stacks.flatMap((stack) => stack.services).map((each) => [serviceKey(each.namespace, each.service), each]),
  );
  // Fails now if the permission to list an object is missing, rather than after the first stack is destroyed.
  for (const { namespace, service } of services.values()) await leftovers({ api, namespace, service });
  const names = stacks.map((stack) => stack.name);
  if (!options.yes) {
    const question = `This destroys ${names.join(", then ")}, and users lose the services.`;
    await askFirst("gray destroy", question, "Nothing was destroyed.");
  }
  const deleted: Leftover[] = [];
  for (const stack of stacks) {
    await runPulumi("gray destroy", ["state", "unprotect", "--all", "--yes", "--stack", stack.name], options.json);
    await destroyStack(stack.name, options.json ? console.error : console.log);
    for (const { namespace, service, owner } of stack.services) {
      if (owner === undefined) continue;
      deleted.push(...(await deleteOwned(api, await leftovers({ api, namespace, service }), owner)));
    }
  }
  const left: Leftover[] = [];
  const forgotten: string[] = [];
  for (const [key, { namespace, service }] of services) {
    const remaining = await leftovers({ api, namespace, service });
    left.push(...remaining);
    // The owner of the remaining objects still needs the record.
    if (remaining.length > 0) continue;
    await forgetAll({ api, namespace, service });
    await deleteLease({ api, namespace, service });
    forgotten.push(key);
  }
  if (options.json) {
    console.log(JSON.stringify({ stacks: names, services: [...services.keys()], deleted, left }));
  } else {
    if (deleted.length > 0) {
      console.log(
        `Also deleted: ${namesOf(deleted)}, which an interrupted pulumi up had created and no stack contains.`,
      );
    }
    const records = forgotten.length > 0 ? `; the records of ${forgotten.join(", ")} are deleted` : "";
    console.log(`Destroyed: ${names.join(", then ")}${records}.`);
  }
  if (left.length === 0) return;
  throw new UserError(
    `${namesOf(left)} still exist, because these stacks did not make them, and so does their record: destroy the stack that made them, in its own backend, or delete them with kubectl if there is no such stack.`,
  );
}

/** Destroys one stack, and prints a line for each object. @throws UserError if that fails or is interrupted */
async function destroyStack(stack: string, print: (line: string) => void): Promise<void> {
  const interrupted = new AbortController();
  const stop = onInterrupt(() => interrupted.abort());
  try {
    const report = (line: string) => print(`${shortName(stack)}: ${line}`);
    await pulumiDestroy({ stack, folder: ".", signal: interrupted.signal, report });
  } catch (error) {
    if (!(error instanceof PulumiFailure)) throw error;
    throw new UserError(
      `Stack ${shortName(stack)} may be destroyed in part (${clauseOf(error)}): run gray destroy again.`,
    );
  } finally {
    stop();
  }
}

/** `Deployment web of dora-apps, Service web of dora-apps` */
function namesOf(objects: readonly Leftover[]): string {
  return objects.map(({ kind, namespace, name }) => `${kind} ${name} of ${namespace}`).join(", ");
}

/** Stacks without the front first: while stable's pods end, they still need the front and the config files. */
function destroyOrder(stacks: readonly Stack[]): Stack[] {
  const ownsFront = (stack: Stack) => Number(stack.services.some((each) => each.tracks.includes("canary")));
  return stacks.filter((stack) => stack.services.length > 0).sort((a, b) => ownsFront(a) - ownsFront(b));
}
