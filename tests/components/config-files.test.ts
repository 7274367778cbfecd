import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asset } from "@pulumi/pulumi";
import fc from "fast-check";
import {
  assertFits,
  configMapData,
  configMapName,
  type Files,
  file,
  filesIn,
  filesOf,
  readAssets,
} from "../../components/config-files.ts";
import { UserError } from "../../components/user-error.ts";

const mebibyte = 1_048_576;
const content = fc.dictionary(fc.string(), fc.string());

/** The bytes of each file as a pod will see them. */
function stored(files: Files): Record<string, number[]> {
  const { data = {}, binaryData = {} } = configMapData(files);
  const texts = Object.entries(data).map(([name, text]) => [name, [...Buffer.from(text)]]);
  const binaries = Object.entries(binaryData).map(([name, base64]) => [name, [...Buffer.from(base64, "base64")]]);
  return Object.fromEntries([...texts, ...binaries]);
}

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

  it("may have the name __proto__", () => {
    mkdirSync(join(folder, "proto"));
    writeFileSync(join(folder, "proto", "__proto__"), "a");
    assert.deepEqual(Object.entries(filesIn(join(folder, "proto"))), [["__proto__", "a"]]);
  });

  it("are read from a folder of symbolic links, as a mounted ConfigMap is", () => {
    const data = join(folder, "mounted", "..2026_01_01");
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, "a.conf"), "a");
    symlinkSync("..2026_01_01", join(folder, "mounted", "..data"));
    symlinkSync("..data/a.conf", join(folder, "mounted", "a.conf"));
    assert.deepEqual(filesIn(join(folder, "mounted")), { "a.conf": "a" });
  });

  it("refuse a symbolic link that leads nowhere and name its path", () => {
    mkdirSync(join(folder, "broken"));
    symlinkSync("gone", join(folder, "broken", "a.conf"));
    assert.throws(() => filesIn(join(folder, "broken")), /The config file .*broken\/a\.conf does not exist/);
  });

  for (const [what, bytes] of [
    ["a gzip", [0x1f, 0x8b, 0x08, 0x00]],
    ["Latin-1", [...Buffer.from("café", "latin1")]],
    ["UTF-16", [0xff, 0xfe, ...Buffer.from("café", "utf16le")]],
    ["a text with a byte order mark", [0xef, 0xbb, 0xbf, 0x61]],
    ["a text with a zero byte", [0x61, 0, 0x62]],
  ] as const) {
    it(`keep every byte of ${what}`, () => {
      writeFileSync(join(folder, "bytes"), Buffer.from(bytes));
      assert.deepEqual(stored(file(join(folder, "bytes"))), { bytes });
    });
  }

  it("keep every byte of any file", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        writeFileSync(join(folder, "any"), bytes);
        assert.deepEqual(stored(file(join(folder, "any"))), { any: [...bytes] });
      }),
      { numRuns: 50 },
    );
  });

  it("are read again from a ConfigMap as they were written", () => {
    const binary = fc.uint8Array().map((bytes) => ({ base64: Buffer.from(bytes).toString("base64") }));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string(), binary), { noNullPrototype: true }), (files) =>
        assert.deepEqual(filesOf(configMapData(files)), files),
      ),
    );
  });

  it("may be assets of Pulumi", async () => {
    writeFileSync(join(folder, "store.p12"), Buffer.from([0xff, 1]));
    const files = {
      "a.conf": new asset.StringAsset("a = 1"),
      "store.p12": new asset.FileAsset(join(folder, "store.p12")),
      "b.conf": "b",
    };
    const read = await readAssets({ config: { files, mountPath: "/etc/web" } });
    assert.deepEqual(read, {
      config: { files: { "a.conf": "a = 1", "store.p12": { base64: "/wE=" }, "b.conf": "b" }, mountPath: "/etc/web" },
    });
  });

  it("refuse an asset whose content may change between two runs", async () => {
    const files = { "a.conf": new asset.RemoteAsset("https://example.com/a.conf") };
    await assert.rejects(
      readAssets({ config: { files, mountPath: "/etc/web" } }),
      /^UserError: configFiles\.config\.files\.a\.conf is an asset whose content may change/,
    );
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
    assert.doesNotThrow(() => assertFits("web", "config", { a: "x".repeat(mebibyte - 1) }));
    assert.throws(
      () => assertFits("web", "config", { a: "x".repeat(mebibyte) }),
      /web: the config files of "config" are 1048577 bytes/,
    );
    assert.throws(() => assertFits("web", "config", { a: "é".repeat(mebibyte / 2) }), UserError);
    const binary = (bytes: number) => ({ a: { base64: Buffer.alloc(bytes).toString("base64") } });
    assert.doesNotThrow(() => assertFits("web", "config", binary(mebibyte - 1)));
    assert.throws(() => assertFits("web", "config", binary(mebibyte)), UserError);
  });
});
