import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { assertFits, configMapName, file, filesIn } from "../../components/config-files.ts";
import { UserError } from "../../components/user-error.ts";

const mebibyte = 1_048_576;
const content = fc.dictionary(fc.string(), fc.string());

describe("config files", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "gray-config-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("are read by name from a folder, without its subfolders", () => {
    mkdirSync(join(folder, "a", "deeper"), { recursive: true });
    writeFileSync(join(folder, "a", "b.conf"), "b");
    writeFileSync(join(folder, "a", "a.conf"), "a");
    writeFileSync(join(folder, "a", "deeper", "c.conf"), "c");
    assert.deepEqual(filesIn(join(folder, "a")), { "a.conf": "a", "b.conf": "b" });
  });

  it("can be a single file under its own name", () => {
    writeFileSync(join(folder, "applog.conf"), "x = 1\n");
    assert.deepEqual(file(join(folder, "applog.conf")), { "applog.conf": "x = 1\n" });
  });

  it("refuse a missing file and name its path", () => {
    const path = join(folder, "missing.conf");
    assert.throws(
      () => file(path),
      new UserError(`The config file ${path} does not exist: create it, or correct the path in the program.`),
    );
  });

  it("refuse a missing folder and an empty one", () => {
    assert.throws(() => filesIn(join(folder, "nowhere")), /nowhere does not exist/);
    mkdirSync(join(folder, "empty"));
    assert.throws(() => filesIn(join(folder, "empty")), /The config folder .*empty contains no file/);
  });

  it("refuse an unreadable file and give the reason", () => {
    mkdirSync(join(folder, "folder"));
    assert.throws(() => file(join(folder, "folder")), /folder cannot be read \(EISDIR/);
  });

  it("name their ConfigMap by service, set and content", () => {
    assert.match(configMapName("web", "config", { a: "1" }), /^web-config-[0-9a-f]{10}$/);
  });

  it("have another ConfigMap name exactly if their content differs", () => {
    fc.assert(
      fc.property(content, content, (a, b) => {
        const same = JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
        assert.equal(configMapName("web", "config", a) === configMapName("web", "config", b), same);
      }),
    );
  });

  it("fit into a ConfigMap up to 1 MiB, counted in bytes with their names", () => {
    assert.doesNotThrow(() => assertFits("config", { a: "x".repeat(mebibyte - 1) }));
    assert.throws(
      () => assertFits("config", { a: "x".repeat(mebibyte) }),
      /The config files of "config" are 1048577 bytes/,
    );
    assert.throws(() => assertFits("config", { a: "é".repeat(mebibyte / 2) }), UserError);
  });
});
