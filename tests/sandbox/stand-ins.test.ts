import assert from "node:assert/strict";
import { loadFlags } from "../../sandbox/load.ts";
import { duration } from "../../sandbox/progress.ts";
import { describe as describePackage } from "../../sandbox/substitutes/packages.ts";

describe("the stand-in language host", () => {
  it("asks for the provider that a package names, at the version it names", () => {
    assert.deepEqual(describePackage({ name: "@pulumi/kubernetes", version: "4.34.2", pulumi: { resource: true } }), {
      name: "kubernetes",
      version: "4.34.2",
      server: "",
    });
    assert.deepEqual(
      describePackage({
        name: "x",
        version: "1.0.0",
        pulumi: { resource: true, name: "y", version: "2.0.0", server: "s" },
      }),
      { name: "y", version: "2.0.0", server: "s" },
    );
  });

  it("asks for none for a package without resources", () => {
    assert.equal(describePackage({ name: "@pulumi/pulumi", version: "3.0.0" }), undefined);
  });
});

describe("the load generator's command line", () => {
  it("keeps connections alive unless told otherwise", () => {
    assert.deepEqual(loadFlags({ url: "http://10.96.0.9/", rate: 50 }), [
      "-url=http://10.96.0.9/",
      "-rate=50",
      "-duration=1m",
      "-keepalive=true",
    ]);
    assert.ok(loadFlags({ url: "http://10.96.0.9/", rate: 50, keepalive: false }).includes("-keepalive=false"));
  });
});

describe("progress", () => {
  it("says times as people do", () => {
    assert.deepEqual([0.04, 9.96, 59.6, 400].map(duration), ["0.0 s", "10.0 s", "1 min 0 s", "6 min 40 s"]);
  });
});
