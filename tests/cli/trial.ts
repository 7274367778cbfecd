import { Shell, stashOf } from "../fake/gray.ts";
import { twoStacks } from "../fake/two-stacks.ts";
import { World } from "../fake/world.ts";

/** A service whose stable runs release `a` while canary runs release `b`, and a shell to run `gray` on it. */
export async function trial(): Promise<{ world: World; shell: Shell; a: string; b: string; end(): Promise<void> }> {
  const world = await World.start();
  const shell = new Shell(world.api.kubeconfig);
  const { install, tryNext } = twoStacks(() => world);
  const a = await install();
  const b = await tryNext("b");
  shell.holds("canary", [stashOf("web", world.stackState("canary", "web"))]);
  const end = async () => {
    shell.remove();
    await world.stop();
  };
  return { world, shell, a, b, end };
}
