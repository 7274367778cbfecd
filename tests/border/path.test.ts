import assert from "node:assert/strict";
import fc from "fast-check";
import { isPlainPath, nameInPath, pathBelow, pathOf, UnsafePath } from "../../border/path.ts";
import { runs } from "../long.ts";

describe("a path built from names", () => {
  it("has each name at its place", () => {
    assert.equal(pathOf("api", "v1", "pods", "web-1.a_b:8080"), "/api/v1/pods/web-1.a_b:8080");
  });

  it("refuses a name that would lead elsewhere", () => {
    for (const name of ["", ".", "..", "a/b", "../secrets", "a\\b", "a?b", "a#b", "%2e%2e", "a\nb", "a\u0000"]) {
      assert.throws(() => nameInPath(name), UnsafePath, JSON.stringify(name));
      assert.throws(() => pathOf("api", name), UnsafePath, JSON.stringify(name));
    }
  });

  it("accepts an untrusted path only below its prefix", () => {
    assert.equal(pathBelow("metrics"), "/metrics");
    assert.equal(pathBelow("//metrics/app?format=a/../b&x=%2F"), "/metrics/app?format=a/../b&x=%2F");
    for (const path of ["../../../secrets", "/a/../b", "/a/%2e%2E/b", "/a\\..\\b", "/a#b", "/a b", "/a\r\nHost: x"]) {
      assert.throws(() => pathBelow(path), UnsafePath, path);
    }
  });
});

describe("a plain path", () => {
  it("stays below any prefix", () => {
    const step = fc.constantFrom("a", ".", "..", "%2e", "%2E.", "...", "", "%2f", "\\", "%5C", "?", "a.b", "..a");
    fc.assert(
      fc.property(fc.array(step), fc.constantFrom("/", "\\", "%2f", ""), (steps, between) => {
        const path = `/${steps.join(between)}`;
        const { pathname } = new URL(`/prefix/proxy${path}`, "http://api");
        const decoded = new URL(`/prefix/proxy${decodeURIComponent(path.split("?")[0] ?? "")}`, "http://api").pathname;
        if (isPlainPath(path)) {
          assert.ok(pathname.startsWith("/prefix/proxy/"), pathname);
          assert.ok(decoded.startsWith("/prefix/proxy/"), decoded);
        }
      }),
      { numRuns: runs(2000) },
    );
  });

  it("may have dots in names, and any text in its query", () => {
    for (const path of ["/", "/a.b/..c/d..", "/...", "/.well-known/x", "/a?b=/../c", "//a"])
      assert.ok(isPlainPath(path), path);
  });
});
