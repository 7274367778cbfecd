import { startUsers } from "../../harness/users.ts";
import type { Change, Contender, End } from "./contender.ts";
import type { Setting, SettingName } from "./rules.ts";

/** What one release by one tool came to. Times are seconds from the change on. */
export interface Turn {
  readonly contender: string;
  readonly setting: SettingName;
  readonly kind: "good" | "bad";
  readonly outcome: End["outcome"];
  /** Until the tool was through. */
  readonly seconds: number;
  readonly requests: number;
  /** Requests without a whole answer, or answered in a pod's place. */
  readonly failed: number;
  /** Answers of the new release with a status of 500 or more. */
  readonly bad: number;
  /** The last answer of the release that had to go: of the old one after a promotion, else of the new one. */
  readonly lastOnNew: number;
  readonly lastOnKept: number;
}

/** Seconds for which users ask before the change, so that it meets a steady flow, and after its end, which not all have noticed yet. */
const margin = 5;

/** One release to be tried. */
interface Trial {
  readonly name: SettingName;
  readonly setting: Setting;
  readonly kind: Turn["kind"];
  readonly change: Change;
  /** The release that runs before. */
  readonly before: string;
}

/** @returns also the release that runs now */
export async function take(
  contender: Contender,
  { name, setting, kind, change, before }: Trial,
): Promise<{ turn: Turn; runs: string }> {
  const users = startUsers(contender.door.url, contender.door.host);
  const { began, end, seconds } = await released(contender, change, setting).catch(async (error) => {
    await users.stop();
    throw error;
  });
  const met = await users.stop();
  const [gone, runs] = end.outcome === "promoted" ? [before, end.release] : [end.release, before];
  const since = (moment: number | undefined) => Math.max(0, ((moment ?? began) - began) / 1000);
  const turn: Turn = {
    contender: contender.name,
    setting: name,
    kind,
    outcome: end.outcome,
    seconds,
    requests: met.requests,
    failed: met.failed + (met.bad.undefined ?? 0),
    bad: met.bad[end.release] ?? 0,
    lastOnNew: since(met.last.own[gone]),
    lastOnKept: since(met.last.kept[gone]),
  };
  return { turn, runs };
}

async function released(contender: Contender, change: Change, setting: Setting) {
  const pause = () => new Promise((next) => setTimeout(next, margin * 1000));
  await pause();
  const began = Date.now();
  const end = await contender.release(change, setting);
  const seconds = (Date.now() - began) / 1000;
  await pause();
  return { began, end, seconds };
}
