/** `gray sandbox`: a local Kubernetes cluster on this machine, to try releases on. */
import { Command } from "commander";
import type { AddOn } from "../../sandbox/add-ons.ts";
import { RELEASE_IMAGES } from "../../sandbox/images.ts";
import type { Places } from "../../sandbox/places.ts";

/** What is there to try releases with. */
const offers = `Images, for want of a registry the only ones:
  A    ${RELEASE_IMAGES.A}
  B    ${RELEASE_IMAGES.B}, the next build of A, as good
  bad  ${RELEASE_IMAGES.bad}, answers 5 % of its requests with 500

Users: load is on the PATH of sandbox env. It sends requests from inside the sandbox's network only, to the ClusterIP of a Service
or to the gateway, and prints each second and the totals as JSON:
  nsenter --net=/run/netns/gray-release $(which load) -url=http://<ClusterIP>/ -rate=200 -duration=10m
  -keepalive=false opens a connection for each request, -host=<name> sets the header Host; load -h has all flags`;

/** The subcommand `sandbox`. It loads the code of the sandbox only when it runs. */
export function sandboxCommand(): Command {
  const sandbox = new Command("sandbox")
    .summary("run a local one-node Kubernetes cluster")
    .description("Runs a one-node Kubernetes cluster on this machine, to try releases on.")
    .addHelpText("after", `\n${offers}`);
  sandbox
    .command("up")
    .description("start the sandbox, or the parts of it that are not running")
    .option("--gateway", "also run Traefik as a gateway for HTTPRoutes, until `down`")
    .option("--prometheus", "also run a Prometheus that scrapes the pods and the gateway, until `down`")
    .option("--metrics", "also run metrics-server, which autoscalers ask, until `down`")
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
    .description("stop and delete the sandbox and its stacks; the built tools stay")
    .action(() =>
      inSandbox(async (at) => {
        const { down } = await import("../../sandbox/cluster.ts");
        const whose = await down(at);
        process.stderr.write(whose === undefined ? "there was no sandbox\n" : `took down the sandbox of ${whose}\n`);
      }),
    );
  sandbox
    .command("status")
    .description("print what is running, and whether it is ready; exit code 1 if not")
    .option("--json", "print the status as JSON")
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
    .description('print the environment for your shell: eval "$(npm run --silent sandbox env)"')
    .action(() =>
      inSandbox(async (at) => {
        const { exportLines, sandboxEnvironment } = await import("../../sandbox/env.ts");
        const { standingPlaces } = await import("../../sandbox/owner.ts");
        process.stdout.write(exportLines(sandboxEnvironment(standingPlaces(at))));
      }),
    );
  return sandbox;
}

/** Prints a problem of the sandbox as one sentence. Any other error is a bug, and keeps its stack. */
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
