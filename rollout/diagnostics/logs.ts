/** Reads the logs of the containers of pods. */
import { pollingDefaults } from "../../analysis/defaults.ts";
import { inTurn } from "../../analysis/providers/pods.ts";
import { oneLine } from "../../border/foreign-text.ts";
import { nameInPath } from "../../border/path.ts";
import type { PodObject } from "../../kubernetes/objects/pod.ts";
import { subresourcePath } from "../../kubernetes/resources.ts";
import type { ServiceHandle } from "../../kubernetes/service-handle.ts";
import { allContainerStatusesOf } from "../../live/pods.ts";
import type { DiagnosticFile } from "../../record/diagnostics-store.ts";
import type { Reading } from "./reading.ts";

/** Most lines of each log; the newest are saved. */
const lines = 2000;
/** Most characters of each log, the newest: very long lines must not fill this machine's memory. */
const characters = 512 * 1024;
/** Most bytes requested of one log. A node leaves out the rest, which are the newest lines. */
const logBytes = 16 << 20;
/**
 * A node answers with this text in place of the log if it has removed the container. It preserves the last ended
 * container.
 */
const removedLogPrefix = "unable to retrieve container logs for ";
/** Most logs that are read: first those of canary's pods, and of newer pods. */
const logsAtMost = 40;

/** The newest lines of the log of each container of pods, the first pods first. */
export async function readLogs(
  { api, namespace }: ServiceHandle,
  pods: readonly PodObject[],
  reading: Reading,
): Promise<DiagnosticFile[]> {
  const all = pods.flatMap(logsOf);
  if (all.length > logsAtMost) {
    reading.addMissing(`the logs of ${all.length - logsAtMost} more containers`, `${logsAtMost} logs are read`);
  }
  const logs = await inTurn(
    all.slice(0, logsAtMost),
    pollingDefaults.podsAtOnce,
    async ({ pod, container, previous }) => {
      const name = `${pod}.${container}${previous ? ".previous" : ""}.log`;
      const query = new URLSearchParams({
        container,
        timestamps: "true",
        tailLines: String(lines),
        limitBytes: String(logBytes),
      });
      if (previous) query.set("previous", "true");
      const read: string[] = [];
      const reads = async () => {
        // The name becomes a file name.
        nameInPath(name);
        const path = `${subresourcePath("Pod", namespace, pod, "log")}?${query}`;
        await readLines(api.lines(path, reading.signal), read);
      };
      await reading.of(oneLine(name), reads());
      if (read.length === 1 && read[0]?.startsWith(removedLogPrefix)) {
        // A node preserves one ended container. If the current container has ended too, the log of the previous one is
        // never available.
        if (!previous) reading.addMissing(oneLine(name), "the node no longer has it");
        return { name, pod, text: "" };
      }
      return { name, pod, text: read.map((line) => `${line}\n`).join("") };
    },
  );
  return logs.filter(({ text }) => text !== "");
}

/** The logs of a pod's containers. A container that never started has none. */
function logsOf(found: PodObject): { pod: string; container: string; previous: boolean }[] {
  const pod = found.metadata.name;
  return allContainerStatusesOf(found).flatMap(({ name: container, state = {}, lastState = {} }) => [
    // While a container waits for its restart, the node returns the previous log as the current one.
    ...(state.running || state.terminated ? [{ pod, container, previous: false }] : []),
    ...(lastState.terminated ? [{ pod, container, previous: true }] : []),
  ]);
}

/** Collects the newest lines in a list, which stays usable if reading breaks off. */
async function readLines(from: AsyncIterable<string>, into: string[]): Promise<void> {
  let held = 0;
  for await (const line of from) {
    into.push(line);
    held += line.length;
    while (held > characters && into.length > 1) held -= into.shift()?.length ?? 0;
  }
}
