import assert from "node:assert/strict";
import { atLeast, parseVersion, withinOneMinor } from "../../sandbox/version.ts";

const version = (text: string) => parseVersion(text) ?? assert.fail(`no version in ${text}`);

describe("versions", () => {
  it("are read from what tools print", () => {
    assert.deepEqual(version("v3.259.0\n"), { major: 3, minor: 259, patch: 0 });
    assert.deepEqual(version("containerd github.com/containerd/containerd/v2 2.3.7"), { major: 2, minor: 3, patch: 7 });
    assert.deepEqual(version("etcd Version: 3.6.5\nGit SHA: a06"), { major: 3, minor: 6, patch: 5 });
    assert.deepEqual(version("go1.27"), { major: 1, minor: 27, patch: 0 });
    assert.equal(parseVersion("unknown"), undefined);
  });

  it("fit from the lowest on", () => {
    assert.ok(atLeast("3.238.0").holds(version("v3.238.0")));
    assert.ok(atLeast("3.238.0").holds(version("v4.0.0")));
    assert.ok(!atLeast("3.238.0").holds(version("v3.237.9")));
    assert.ok(!atLeast("1.26.8").holds(version("go1.26.7")));
  });

  it("of kubectl fit within one minor of the API server", () => {
    for (const fits of ["v1.35.0", "v1.36.9", "v1.37.1"])
      assert.ok(withinOneMinor("1.36.3").holds(version(fits)), fits);
    for (const not of ["v1.34.9", "v1.38.0", "v2.36.3"]) assert.ok(!withinOneMinor("1.36.3").holds(version(not)), not);
  });
});
