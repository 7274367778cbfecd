/** `gray sandbox`: a Kubernetes of one's own on this machine, for trying things out. */
import { Command } from "commander";

/** The sandbox's code is loaded only when asked for: an installed `gray` comes without it. */
export function sandboxCommand(): Command {
  const sandbox = new Command("sandbox").description("a one-node Kubernetes on this machine, to try releases on");
  sandbox
    .command("up")
    .description("bring it up; what is up already stays as it is")
    .action(async () => {
      const { up } = await import("../sandbox/cluster.ts");
      await up(await here());
      process.stderr.write('ready: eval "$(npm run --silent sandbox env)"\n');
    });
  sandbox
    .command("down")
    .description("end and delete it, its stacks included; only the built tools stay")
    .action(async () => {
      const { down } = await import("../sandbox/cluster.ts");
      const whose = await down(await here());
      process.stderr.write(whose === undefined ? "there was no sandbox\n" : `took down the sandbox of ${whose}\n`);
    });
  sandbox
    .command("status")
    .description("what runs, and whether it is ready")
    .option("--json", "for machines")
    .action(async (options: { json?: boolean }) => {
      const { status, statusText } = await import("../sandbox/status.ts");
      const now = await status(await here());
      process.stdout.write(options.json ? `${JSON.stringify(now, null, 2)}\n` : statusText(now));
      if (!now.ready) process.exitCode = 1;
    });
  sandbox
    .command("env")
    .description('the environment to use it in: eval "$(npm run --silent sandbox env)"')
    .action(async () => {
      const { exportLines, sandboxEnvironment } = await import("../sandbox/env.ts");
      process.stdout.write(exportLines(sandboxEnvironment(await here())));
    });
  return sandbox;
}

async function here() {
  const { places } = await import("../sandbox/places.ts");
  return places();
}
