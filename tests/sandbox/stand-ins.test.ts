import assert from "node:assert/strict";
import fc from "fast-check";
import { loadFlags } from "../../sandbox/load.ts";
import { duration } from "../../sandbox/progress.ts";
import { describe as describePackage } from "../../sandbox/stand-ins/packages.ts";
import { changed, failures, password, withDefaults } from "../../sandbox/stand-ins/random-password.ts";

describe("the stand-in for RandomPassword", () => {
  const first = () => 0;

  it("honours length, sets and minima", () => {
    const sets = fc.record({ lower: fc.boolean(), upper: fc.boolean(), numeric: fc.boolean(), special: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), sets, fc.infiniteStream(fc.nat(1000)), (length, chosen, stream) => {
        fc.pre(Object.values(chosen).some(Boolean));
        const below = (n: number) => (stream.next().value ?? 0) % n;
        const made = password(withDefaults({ length, ...chosen }), below);
        assert.equal(made.length, length);
        if (!chosen.lower) assert.doesNotMatch(made, /[a-z]/);
        if (!chosen.upper) assert.doesNotMatch(made, /[A-Z]/);
        if (!chosen.numeric) assert.doesNotMatch(made, /[0-9]/);
        if (!chosen.special) assert.match(made, /^[a-zA-Z0-9]+$/);
      }),
    );
    const made = password(withDefaults({ length: 4, minNumeric: 3, minSpecial: 1, overrideSpecial: "~" }), first);
    assert.equal([...made].filter((one) => one === "0").length, 3);
    assert.ok(made.includes("~"));
  });

  it("is replaced when an input changes, and only then", () => {
    const olds = withDefaults({ length: 20, special: false, result: "secret" });
    assert.deepEqual(changed(olds, withDefaults({ length: 20, special: false })), []);
    assert.deepEqual(changed(olds, withDefaults({ length: 30, special: false })), ["length"]);
    assert.deepEqual(changed(olds, withDefaults({ length: 20, special: false, keepers: { a: "1" } })), ["keepers"]);
  });

  it("refuses lengths that cannot be, naming both numbers", () => {
    assert.equal(
      failures(withDefaults({ length: 2, minNumeric: 3 }))[0]?.reason,
      "length (2) must not be less than the sum of the minima (3)",
    );
    assert.equal(failures(withDefaults({}))[0]?.property, "length");
    assert.deepEqual(failures(withDefaults({ length: 1 })), []);
  });
});

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
