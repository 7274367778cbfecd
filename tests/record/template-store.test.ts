import assert from "node:assert/strict";
import { forgetAll } from "../../record/forget.ts";
import { readTemplates, storeTemplate } from "../../record/template-store.ts";
import { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";

const path = "/api/v1/namespaces/dora-apps/configmaps/web-templates";

describe("the stored pod templates", () => {
  let api: ApiServer;
  beforeEach(async () => {
    api = await ApiServer.start();
  });
  afterEach(() => api.stop());
  const web = () => ({ api: direct(api), namespace: "dora-apps", service: "web" });
  const read = () => readTemplates(web());
  const keep = (track: "stable" | "canary", release: string) => storeTemplate(web(), track, of(release));
  const of = (release: string) => ({ release, deployment: "hmac:uid", template: { spec: { of: release } } });

  it("are one for each track, the latest", async () => {
    assert.deepEqual(await read(), {});
    await keep("stable", "a");
    await keep("canary", "a");
    await keep("canary", "b");
    assert.deepEqual(await read(), { stable: of("a"), canary: of("b") });
    const { labels } = api.objects.get(path)?.metadata ?? {};
    assert.deepEqual(labels, { app: "web", "gray-release/service": "web" });
  });

  it("are not written again if they are unchanged", async () => {
    await keep("stable", "a");
    const { resourceVersion } = api.objects.get(path)?.metadata ?? {};
    await keep("stable", "a");
    assert.equal(api.objects.get(path)?.metadata.resourceVersion, resourceVersion);
  });

  it("leave out entries that cannot be parsed", async () => {
    const { deployment: _, ...asOnceKept } = of("a");
    const kept = [{}, [], asOnceKept, { ...of("a"), release: 1 }, { ...of("a"), template: [] }];
    for (const stable of ["{", ...kept.map((each) => JSON.stringify(each))]) {
      api.put(path, { metadata: { name: "web-templates" }, data: { stable, canary: JSON.stringify(of("b")) } });
      assert.deepEqual(await read(), { canary: of("b") });
    }
    await keep("stable", "a");
    assert.deepEqual(await read(), { stable: of("a"), canary: of("b") });
  });

  it("are deleted with the service", async () => {
    await keep("stable", "a");
    await forgetAll(web());
    assert.deepEqual(await read(), {});
  });
});
