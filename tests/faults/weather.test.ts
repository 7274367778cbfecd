import assert from "node:assert/strict";
import { fateOf, requestFaults, type Sent, type Storm } from "./weather.ts";

const sent: Sent = { by: "driver-1", method: "GET", path: "/api/v1/namespaces/x/pods", nth: 1, at: 1000 };
const storm: Storm = { from: 0, to: 2000, share: 1, faults: [500] };

describe("the weather between drivers and the API server", () => {
  it("is the same for the same seed, and another for another request", () => {
    const fates = (seed: number) =>
      Array.from({ length: 50 }, (_, nth) => fateOf(seed, [{ ...storm, share: 0.5 }], { ...sent, nth }).fault);
    assert.deepEqual(fates(7), fates(7));
    assert.notDeepEqual(fates(7), fates(8));
    assert.ok(new Set(fates(7)).size === 2);
  });

  it("hits only in its time, and only those whose it is", () => {
    const hits = (changes: Partial<Sent>, of: Partial<Storm> = {}) =>
      fateOf(7, [{ ...storm, ...of }], { ...sent, ...changes }).fault !== undefined;
    assert.ok(hits({}));
    assert.ok(!hits({ at: 2000 }));
    assert.ok(hits({}, { whose: "drivers" }));
    assert.ok(!hits({ by: "pulumi-2" }, { whose: "drivers" }));
    assert.ok(hits({}, { about: "pods" }));
    assert.ok(!hits({}, { about: "record" }));
    assert.ok(hits({ path: "/api/v1/namespaces/x/configmaps/web-rollout" }, { about: "record" }));
    assert.ok(hits({ path: "/api/v1/namespaces/x/configmaps" }, { about: "record" }));
    assert.ok(!hits({ path: "/api/v1/namespaces/x/configmaps/web-evidence" }, { about: "record" }));
  });

  it("does nothing that an API server could not do: no conflict where something is read, no old list where something is written", () => {
    const all = (changes: Partial<Sent>) =>
      new Set(
        Array.from(
          { length: 500 },
          (_, nth) => fateOf(7, [{ ...storm, faults: requestFaults }], { ...sent, ...changes, nth }).fault,
        ),
      );
    const read = all({});
    assert.ok(!read.has(409) && read.has(410));
    const written = all({ method: "PATCH" });
    assert.ok(written.has(409) && !written.has(410) && !written.has("huge body"));
    assert.equal(read.size, requestFaults.length - 1);
  });
});
