import { canary, prod } from "./web.ts";
import { once, verdict, type World } from "./world.ts";

const installs = once(async (world) => {
  await world.up("canary", canary("a"));
  await world.up("prod", prod("a"));
});

const tries = once((world, tag: string) => world.up("canary", canary(tag)));

const promotes = once((world, tag: string) => world.up("prod", prod(tag)));

/** What happens to the service web in its two stacks, canary and prod, of a world. */
export function twoStacks(world: () => World) {
  /** The release that canary ran last. */
  const now = () => world().stackState("canary", "web").current.canary ?? "";
  const record = () => JSON.parse(world().api.objects.get(world().recordPath("web"))?.data.record ?? "null");
  return {
    now,
    record,
    approve: (release: string) => world().writeRecord({ verdicts: { [release]: verdict("good") } }, "web"),
    /** One more release on canary, which nobody has judged. */
    async tryNext(tag: string) {
      await tries(world(), tag);
      return now();
    },
    /** Releases one more, which is approved: on canary, then on prod. */
    async release(tag: string) {
      await tries(world(), tag);
      world().writeRecord({ verdicts: { ...record()?.verdicts, [now()]: verdict("good") } }, "web");
      await promotes(world(), tag);
      return now();
    },
    /** Release A on both tracks. */
    async install() {
      await installs(world());
      return now();
    },
  };
}
