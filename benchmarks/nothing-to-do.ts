import { BareProgram } from "./bare.ts";
import { type Bench, namespaces } from "./bench.ts";
import { compared, type Figure } from "./figure.ts";
import { programPeak } from "./program-peak.ts";
import { interleave, seconds } from "./sample.ts";
import type { AtEnd } from "./session.ts";

const timed = 5;
const weighed = 3;

/** An `up` that changes nothing, beside that of a bare program: its time, and the memory of its program. */
export async function nothingToDo({ project }: Bench, atEnd: AtEnd): Promise<Figure[]> {
  const bare = await BareProgram.create(namespaces.bare);
  atEnd(() => bare.end());
  const token = await BareProgram.create(namespaces.token, { password: true });
  atEnd(() => token.end());
  const ups = {
    canary: () => project.mustUp("canary"),
    bare: () => bare.mustUp(),
    prod: () => project.mustUp("prod"),
    token: () => token.mustUp(),
  };
  for (const up of Object.values(ups)) await up();
  const time = await interleave(timed, {
    canary: () => seconds(ups.canary),
    bare: () => seconds(ups.bare),
    prod: () => seconds(ups.prod),
    token: () => seconds(ups.token),
    unrefreshed: () =>
      seconds(() => project.must(["up", "--yes", "--skip-preview", "--stack", "prod", "--refresh=false"])),
  });
  const memory = await interleave(weighed, {
    canary: () => programPeak(project.folder, ups.canary),
    bare: () => programPeak(bare.folder, ups.bare),
    prod: () => programPeak(project.folder, ups.prod),
  });
  const asSeconds = { unit: "s", most: 1.3 };
  const asMegabytes = { unit: "MB", digits: 0, most: 1.2 };
  return [
    compared("canary, nothing to do / bare program", time.canary, time.bare, asSeconds),
    compared("prod, nothing to do / bare program", time.prod, time.bare, asSeconds),
    compared("canary / bare program with a RandomPassword", time.canary, time.token, { unit: "s" }),
    compared("prod / the same without refresh", time.prod, time.unrefreshed, { unit: "s" }),
    compared("memory of canary's program / bare program", memory.canary, memory.bare, asMegabytes),
    compared("memory of prod's program / bare program", memory.prod, memory.bare, asMegabytes),
  ];
}
