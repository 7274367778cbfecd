import assert from "node:assert/strict";
import fc from "fast-check";
import { connect } from "../../kubernetes/client.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { type DiagnosticFile, fitted, storeDiagnostics } from "../../record/diagnostics-store.ts";
import { forgetAll } from "../../record/forget.ts";
import { World } from "../fake/world.ts";

const path = "/api/v1/namespaces/shop/configmaps/web-diagnostics";
const mark = "[older lines left out]\n";

describe("the stored diagnostics", () => {
  let world: World;
  let api: Cluster;
  beforeEach(async () => {
    world = await World.start("shop");
    api = connect(findAccess({ kubeconfig: world.kubeconfig }));
  });
  afterEach(() => world.stop());

  const files = [
    { name: "pods.json", text: "[]" },
    { name: "web-1.web.log", text: "one\n", pod: "web-1" },
  ];
  const savingAt = (minute: number, release = "bbbbbbbbbbbb") => `2026-01-01T00-0${minute}-00-000Z.${release}`;
  const web = () => ({ api, namespace: "shop", service: "web" });
  const keep = (saving: string, what: DiagnosticFile[] = files) => storeDiagnostics(web(), saving, what);
  const data = (): Record<string, string> => world.api.objects.get(path)?.data;

  it("have a key for each file, with time and release", async () => {
    assert.deepEqual(await keep(savingAt(1)), []);
    assert.deepEqual(data(), {
      "2026-01-01T00-01-00-000Z.bbbbbbbbbbbb.pods.json": "[]",
      "2026-01-01T00-01-00-000Z.bbbbbbbbbbbb.web-1.web.log": "one\n",
    });
    const { labels } = world.api.objects.get(path)?.metadata ?? {};
    assert.deepEqual(labels, { app: "web", "gray-release/service": "web" });
  });

  it("are the newest three", async () => {
    for (const [minute, release] of ["a", "b", "c", "b", "d"].entries()) await keep(savingAt(minute, release));
    const savings = new Set(Object.keys(data()).map((key) => key.replace(/(Z\.[^.]+)\..*/, "$1")));
    assert.deepEqual([...savings], [savingAt(2, "c"), savingAt(3, "b"), savingAt(4, "d")]);
  });

  it("are small enough for the API server, whatever the files contain", async () => {
    for (const minute of [1, 2, 3, 4]) {
      const log = '\u0000"\n\u{1f600}'.repeat(100_000);
      await keep(savingAt(minute), [...files, { name: "web-2.web.log", text: log, pod: "web-2" }]);
    }
    const bytes = Object.entries(data()).reduce((sum, [key, text]) => sum + Buffer.byteLength(key + text), 0);
    assert.ok(bytes > 100 * 1024 && bytes < 900 * 1024, `${bytes}`);
    assert.ok(JSON.stringify(data()).length < 1024 * 1024);
  });

  it("are reported as incomplete if a file is too large to be stored whole", async () => {
    const large = { name: "evidence.json", text: "x".repeat(200 * 1024) };
    assert.deepEqual(await keep(savingAt(1), [large, ...files]), ["evidence.json"]);
    assert.equal(Object.keys(data()).length, 2);
  });

  it("do not overwrite a simultaneous change by another writer", async () => {
    await keep(savingAt(1));
    let once = true;
    world.api.intercept = ({ method }) => {
      if (method !== "PUT" || !once) return undefined;
      once = false;
      const other = { [`${savingAt(2, "cccccccccccc")}.pods.json`]: "[]", ...data() };
      world.api.put(path, { metadata: { name: "web-diagnostics" }, data: other });
      return undefined;
    };
    await keep(savingAt(3));
    assert.equal(Object.keys(data()).length, 5);
  });

  it("are deleted with the service, even if there were none", async () => {
    await forgetAll(web());
    await keep(savingAt(1));
    await forgetAll(web());
    assert.equal(data(), undefined);
  });
});

describe("the part of a log that is stored if not everything fits", () => {
  const log = (pod: string, lines: number, container = "web", of = "0123456789") => ({
    name: `${pod}.${container}.log`,
    pod,
    text: Array.from({ length: lines }, (_, at) => `${at} ${of}\n`).join(""),
  });
  const texts = (files: readonly DiagnosticFile[], bytes: number) =>
    Object.fromEntries(fitted(files, bytes).map(({ name, text }) => [name, text]));
  const jsonSize = (text: string) => Buffer.byteLength(JSON.stringify(text));

  it("is all of it if it fits", () => {
    const files = [{ name: "pods.json", text: "[]" }, log("a", 3), log("b", 3)];
    assert.deepEqual(fitted(files, 500), files);
  });

  it("is its newest lines, with a mark in place of the others", () => {
    assert.deepEqual(texts([log("a", 100)], 60), { "a.web.log": `${mark}98 0123456789\n99 0123456789\n` });
  });

  it("is the end of the newest line if even that is too long", () => {
    const text = `first\n${"\u0000".repeat(1000)}END\n`;
    const kept = texts([{ name: "a.web.log", pod: "a", text }], 100)["a.web.log"] ?? "";
    assert.ok(kept.startsWith(mark) && kept.endsWith("END\n") && jsonSize(kept) <= 100, kept);
  });

  it("is equal for each pod, regardless of its containers and the size of their logs", () => {
    const files = [log("a", 10_000), log("b", 1000, "web"), log("b", 5000, "agent")];
    const kept = texts(files, 20_000);
    const [a = 0, ...b] = Object.values(kept).map(jsonSize);
    assert.ok(a > 9950 && b.length === 2 && b.every((size) => size > 4950 && size <= 5000), `${a}, ${b}`);
  });

  it("is larger for one pod if another pod needs less", () => {
    const files = [log("a", 10_000), log("b", 2)];
    const { "a.web.log": a = "", "b.web.log": b } = texts(files, 10_000);
    assert.equal(b, log("b", 2).text);
    assert.ok(jsonSize(a) > 9900, `${jsonSize(a)}`);
  });

  it("is at least half of the bytes for all logs together", () => {
    const files = [
      { name: "evidence.json", text: "e".repeat(400) },
      { name: "pods.json", text: "p".repeat(400) },
      log("a", 100),
    ];
    const kept = texts(files, 1000);
    assert.deepEqual(Object.keys(kept), ["evidence.json", "a.web.log"]);
    assert.ok(Object.values(kept).reduce((sum, text) => sum + jsonSize(text), 0) <= 1000);
  });

  it("never exceeds the limit, and is always the end of the log", () => {
    const character = fc.constantFrom("a", '"', "\n", "\u0000", "é", "\u{1f600}");
    const file = fc.record({
      name: fc.uuid(),
      text: fc.string({ unit: character, maxLength: 300 }),
      pod: fc.option(fc.constantFrom("a", "b", "c"), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(file, { maxLength: 8 }), fc.nat(2000), (files, bytes) => {
        const given = files.map(({ pod, ...rest }) => ({ ...rest, ...(pod !== undefined && { pod }) }));
        const kept = fitted(given, bytes);
        assert.ok(kept.reduce((sum, { text }) => sum + jsonSize(text), 0) <= bytes);
        for (const { name, text } of kept) {
          const whole = given.find((each) => each.name === name)?.text ?? "";
          assert.ok(text === whole || (text.startsWith(mark) && whole.endsWith(text.slice(mark.length))));
        }
      }),
    );
  });
});
