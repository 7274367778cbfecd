/** The record of a service on a cluster, and the verdicts that it names. */
import { serviceLabel, verdictLabel } from "../components/names.ts";
import type { ConfigMapObject } from "../kubernetes/objects/config-map.ts";
import type { RolloutRecord, Verdict } from "../record/record.ts";
import { readVerdict, storedVerdict, verdictName } from "../record/stored-verdict.ts";
import { apply, get } from "./kubectl.ts";

/** The record with its verdicts. */
export async function readRecord(namespace: string, service: string): Promise<RolloutRecord> {
  const stored = JSON.parse((await get(namespace, "configmap", `${service}-rollout`)).data.record);
  const { items } = await get(namespace, "configmaps", "-l", `${serviceLabel}=${service},${verdictLabel}`);
  const verdictNamed = (name: string) =>
    readVerdict(service, name, items.find(({ metadata }: ConfigMapObject) => metadata.name === name)?.data ?? {})
      .verdict;
  const names = Object.entries(stored.verdicts as Record<string, string>);
  return { ...stored, verdicts: Object.fromEntries(names.map(([release, name]) => [release, verdictNamed(name)])) };
}

/** Stores a verdict, which counts once the record names it. @returns its name */
export async function writeVerdict(
  namespace: string,
  service: string,
  release: string,
  verdict: Verdict,
): Promise<string> {
  const data = storedVerdict(release, verdict, 1);
  const name = verdictName(service, data);
  const labels = { [serviceLabel]: service, [verdictLabel]: data.kind };
  await apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, immutable: true, data });
  return name;
}
