import assert from "node:assert/strict";
import { type Release, renderRelease } from "../../components/release.ts";
import {
  storedReleaseData,
  storedReleaseId,
  storedReleaseName,
  understoodRelease,
} from "../../components/stored-release.ts";

const release = renderRelease(
  "web",
  { app: "web" },
  {
    containers: [{ name: "web", image: "web:1", readinessProbe: { httpGet: { path: "/", port: 80 } } }],
    configFiles: {
      config: { files: { "a.conf": "password=hush", "a.bin": { base64: "/+8B" } }, mountPath: "/etc/web" },
    },
  },
);
const filesOf =
  ({ configMaps }: Release) =>
  (name: string) =>
    configMaps[name];

describe("a stored release", () => {
  it("is read as it was stored", () => {
    assert.deepEqual(understoodRelease(release.id, storedReleaseData(release), filesOf(release)), release);
  });

  it("has the names of its ConfigMaps and nothing of their content", () => {
    const { release: text } = storedReleaseData(release);
    assert.deepEqual(JSON.parse(text).configMaps, Object.keys(release.configMaps));
    assert.doesNotMatch(text, /hush|\/\+8B/);
  });

  it("has a name from which its id is read, and no other name is taken for one", () => {
    assert.equal(storedReleaseId("web", storedReleaseName("web", release.id)), release.id);
    for (const name of ["web-release-1", `web2-release-${release.id}`, `web-config-${release.id}`, "web-release-"]) {
      assert.equal(storedReleaseId("web", name), undefined, name);
    }
  });

  const [configMap = ""] = Object.keys(release.configMaps);
  for (const [what, data, files, why] of [
    ["without data", undefined, release, /must be an object/],
    ["that is no JSON", { release: "{" }, release, /JSON/],
    ["without a template", { release: '{"configMaps":[]}' }, release, /template/],
    [
      "with another template",
      storedReleaseData({ ...release, template: { ...release.template, spec: { containers: [] } } }),
      release,
      /^Error: its content does not match its id$/,
    ],
    [
      "whose files have changed",
      storedReleaseData(release),
      { ...release, configMaps: { [configMap]: { "a.conf": "" } } },
      /^Error: its content does not match its id$/,
    ],
    [
      "whose files are gone",
      storedReleaseData(release),
      { ...release, configMaps: {} },
      new RegExp(`^Error: the ConfigMap ${configMap} that it mounts is missing$`),
    ],
  ] as const) {
    it(`is not read ${what}`, () => {
      assert.throws(() => understoodRelease(release.id, data, filesOf(files)), why);
    });
  }
});
