import { serviceLabel, verdictLabel } from "../../components/names.ts";
import type { RolloutRecord, Verdict } from "../../record/record.ts";
import { readVerdict, storedVerdict, verdictName } from "../../record/stored-verdict.ts";
import type { ApiObject, ApiServer } from "./api-server.ts";

/** The record in a ConfigMap, with the verdicts that it names. @param path the path of the ConfigMap */
export function recordIn(
  api: ApiServer,
  path: string,
  map: ApiObject | undefined = api.objects.get(path),
): RolloutRecord {
  const stored = JSON.parse(map?.data.record ?? "{}");
  const [, folder, service = ""] = /^(.*\/)([^/]+)-rollout$/.exec(path) ?? [];
  const verdictOf = (found: string | Verdict) =>
    typeof found === "string" ? readVerdict(service, found, api.objects.get(folder + found)?.data).verdict : found;
  const verdicts = Object.entries((stored.verdicts ?? {}) as Record<string, string | Verdict>);
  return {
    ...stored,
    ...(stored.verdicts && { verdicts: Object.fromEntries(verdicts.map(([id, found]) => [id, verdictOf(found)])) }),
  };
}

/** Stores a verdict on a release of `web`. @returns its name */
export function putVerdict(api: ApiServer, release: string, verdict: Verdict, revision = 1): string {
  const data = storedVerdict(release, verdict, revision);
  const name = verdictName("web", data);
  const labels = { app: "web", [serviceLabel]: "web", [verdictLabel]: data.kind };
  api.put(`/api/v1/namespaces/dora-apps/configmaps/${name}`, { metadata: { name, labels }, immutable: true, data });
  return name;
}
