/** `gray sandbox`: a Kubernetes of one's own on this machine, for trying things out. */
import { Command } from "commander";
import type { AddOn } from "../../sandbox/add-ons.ts";
import type { Places } from "../../sandbox/places.ts";

/** The sandbox's code is loaded only when asked for: an installed `gray` comes without it. */
export function sandboxCommand(): Command {
  const sandbox = new Command("sandbox").description("a one-node Kubernetes on this machine, to try releases on");
  sandbox
    .command("up")
    .description("bring it up; what is up already stays as it is")
    .option("--gateway", "with Traefik as a gateway for HTTPRoutes; stays until `down`")
    .option("--prometheus", "with a Prometheus that scrapes pods and the gateway; stays until `down`")
    .action((options: Partial<Record<AddOn, boolean>>) =>
      inSandbox(async (at) => {
        const { ADD_ONS } = await import("../../sandbox/add-ons.ts");
        const { up } = await import("../../sandbox/cluster.ts");
        await up(
          at,
          ADD_ONS.filter((name) => options[name]),
        );
        process.stderr.write('ready: eval "$(npm run --silent sandbox env)"\n');
      }),
    );
  sandbox
    .command("down")
    .description("end and delete it, its stacks included; only the built tools stay")
    .action(() =>
      inSandbox(async (at) => {
        const { down } = await import("../../sandbox/cluster.ts");
        const whose = await down(at);
        process.stderr.write(whose === undefined ? "there was no sandbox\n" : `took down the sandbox of ${whose}\n`);
      }),
    );
  sandbox
    .command("status")
    .description("what runs, and whether it is ready; exit code 1 where it is not")
    .option("--json", "for machines")
    .action((options: { json?: boolean }) =>
      inSandbox(async (at) => {
        const { status, statusText } = await import("../../sandbox/status.ts");
        const now = await status(at);
        process.stdout.write(options.json ? `${JSON.stringify(now, null, 2)}\n` : statusText(now));
        if (!now.ready) process.exitCode = 1;
      }),
    );
  sandbox
    .command("env")
    .description('the environment to use it in: eval "$(npm run --silent sandbox env)"')
    .action(() =>
      inSandbox(async (at) => {
        const { exportLines, sandboxEnvironment } = await import("../../sandbox/env.ts");
        const { standingPlaces } = await import("../../sandbox/owner.ts");
        process.stdout.write(exportLines(sandboxEnvironment(standingPlaces(at))));
      }),
    );
  return sandbox;
}

/** A problem of the sandbox is one sentence; anything else is a mistake in the code, and keeps its stack. */
async function inSandbox(work: (at: Places) => Promise<void>): Promise<void> {
  const { places } = await import("../../sandbox/places.ts");
  const { Problem } = await import("../../sandbox/problem.ts");
  try {
    await work(places());
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    process.stderr.write(`gray: ${error.message}\n`);
    process.exitCode = 1;
  }
}
