import { canary, prod } from "./web.ts";
import { verdict, type World } from "./world.ts";

/** What happens to the service web in its two stacks, canary and prod, of a world. */
export function twoStacks(world: () => World) {
  /** The release that canary ran last. */
  const now = () => world().memory("canary", "web").current.canary ?? "";
  const record = () => JSON.parse(world().api.objects.get(world().recordPath("web"))?.data.record ?? "null");
  return {
    now,
    record,
    approve: (release: string) => world().writeRecord({ verdicts: { [release]: verdict("good") } }, "web"),
    /** Releases one more, which is approved: on canary, then on prod. */
    async release(tag: string) {
      await world().up("canary", canary(tag));
      world().writeRecord({ verdicts: { ...record()?.verdicts, [now()]: verdict("good") } }, "web");
      await world().up("prod", prod(tag));
      return now();
    },
    /** Release A on both tracks. */
    async install() {
      await world().up("canary", canary("a"));
      await world().up("prod", prod("a"));
      return now();
    },
  };
}
