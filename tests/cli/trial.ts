import { Shell } from "../fake/gray.ts";
import { canary, prod } from "../fake/web.ts";
import { World } from "../fake/world.ts";

/** A service whose stable runs one release while canary tries the next, and a shell to run `gray` on it. */
export async function trial(): Promise<{ world: World; shell: Shell; a: string; b: string; end(): Promise<void> }> {
  const world = await World.start();
  const shell = new Shell(world.api.kubeconfig);
  await world.up("canary", canary("a"));
  await world.up("prod", prod("a"));
  const a = world.runs("web");
  await world.up("canary", canary("b"));
  const b = world.runs("web-canary");
  const end = async () => {
    shell.remove();
    await world.stop();
  };
  return { world, shell, a, b, end };
}
