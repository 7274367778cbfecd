import assert from "node:assert/strict";
import fc from "fast-check";
import { pollingDefaults } from "../../analysis/defaults.ts";
import { readExposition } from "../../analysis/providers/exposition.ts";
import { runs } from "../long.ts";

const read = (text: string, names?: readonly string[], type?: string) => {
  const wanted = names && { series: new Set(names), declared: new Set(names) };
  return readExposition([text], wanted, type);
};
const parse = async (text: string, type?: string) => {
  const found = await read(text, undefined, type);
  return "wrong" in found ? assert.fail(found.wrong) : found;
};
const wrong = async (text: string, type?: string) => {
  const found = await read(text, undefined, type);
  return "wrong" in found ? found.wrong : assert.fail(JSON.stringify(found));
};

describe("an answer of /metrics", () => {
  it("has series with their labels, values and times", async () => {
    const { series, declared } = await parse(
      [
        "# HELP http_requests_total Requests answered, by status code.",
        "# TYPE http_requests_total counter",
        'http_requests_total{method="post",code="200"} 1027 1395066363000',
        'http_requests_total{method="post",code="400",}    3',
        "# A comment",
        "",
        "plain 12.47",
        '\tspaced\t{ a = "1" , b="2" }\t1\t',
        "",
      ].join("\n"),
    );
    assert.deepEqual(series, [
      { name: "http_requests_total", labels: { method: "post", code: "200" }, value: 1027, at: 1395066363000 },
      { name: "http_requests_total", labels: { method: "post", code: "400" }, value: 3 },
      { name: "plain", labels: {}, value: 12.47 },
      { name: "spaced", labels: { a: "1", b: "2" }, value: 1 },
    ]);
    assert.deepEqual([...declared], ["http_requests_total"]);
  });

  it("has label values with braces, hashes, escapes and line breaks in them", async () => {
    const [series] = (await parse('m{path="C:\\\\DIR",error="no \\"file\\":\\n} # 1,x=",__proto__="y"} 1\n')).series;
    assert.deepEqual(Object.entries(series?.labels ?? {}), [
      ["path", "C:\\DIR"],
      ["error", 'no "file":\n} # 1,x='],
      ["__proto__", "y"],
    ]);
  });

  it("has numbers in Go's format", async () => {
    const text = ["1e3", "+1.5E-2", "+Inf", "-Inf", "NaN", ".5", "5."].map((value) => `m ${value}\n`).join("");
    assert.deepEqual(
      (await parse(text)).series.map(({ value }) => value),
      [1000, 0.015, Infinity, -Infinity, Number.NaN, 0.5, 5],
    );
  });

  it("has times in seconds, ignored exemplars and a last line in OpenMetrics", async () => {
    const { series } = await parse(
      [
        "# TYPE foo counter",
        "# UNIT foo seconds",
        'foo_total{code="200"} 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67 1520879607.0',
        'foo_created{code="200"} 1520430000.123',
        'foo_bucket{le="1"} 11 # {} 0.8',
        "# EOF",
      ].join("\n"),
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
    assert.deepEqual(series, [
      { name: "foo_total", labels: { code: "200" }, value: 17, at: 1520879607789 },
      { name: "foo_created", labels: { code: "200" }, value: 1520430000.123 },
      { name: "foo_bucket", labels: { le: "1" }, value: 11 },
    ]);
  });

  it("may have Windows line ends", async () => {
    assert.deepEqual((await parse("# TYPE m counter\r\nm 1\r\n\r\n")).series, [{ name: "m", labels: {}, value: 1 }]);
  });

  it("gives only the wanted series, but requires well-formed lines for the others too", async () => {
    const found = await read('a 1\nb{x="y"} 2\nbc 3\n', ["b"]);
    assert.deepEqual("series" in found && found.series, [{ name: "b", labels: { x: "y" }, value: 2 }]);
    assert.deepEqual(await read("a\nb 2\n", ["b"]), { wrong: 'has no metric in line 1: "a"' });
  });

  it("is refused with the malformed line if it is something else", async () => {
    for (const [text, sentence] of [
      ["<html><body>Bad gateway</body></html>\n", 'has no metric in line 1: "<html><body>Bad gateway</body></html>"'],
      ["ok\n", 'has no metric in line 1: "ok"'],
      ['{"status":"UP"}\n', 'has no metric in line 1: "{\\"status\\":\\"UP\\"}"'],
      ["m 1\nm{code=200} 2\n", 'has no metric in line 2: "m{code=200} 2"'],
      ['m{code="200" 2\n', 'has no metric in line 1: "m{code=\\"200\\" 2"'],
      ['m{code="200",code="500"} 2\n', 'has no metric in line 1: "m{code=\\"200\\",code=\\"500\\"} 2"'],
      ["m 0x10\n", 'has no metric in line 1: "m 0x10"'],
      ["m 1 yesterday\n", 'has no metric in line 1: "m 1 yesterday"'],
      ["m 1 2 3\n", 'has no metric in line 1: "m 1 2 3"'],
      ["m1\n", 'has no metric in line 1: "m1"'],
    ] as const) {
      assert.equal(await wrong(text), sentence);
    }
  });

  it("is refused if it is empty", async () => {
    assert.equal(await wrong(""), "is empty");
    assert.equal(await wrong("\n\n"), "is empty");
  });

  it("is refused if it is cut off, even in the middle of a number, which would look like a smaller one", async () => {
    const whole = 'a{code="200"} 1200\na{code="500"} 345\n';
    for (let length = 1; length < whole.length; length++) {
      const found = await read(whole.slice(0, length));
      if (whole[length - 1] === "\n") assert.ok("series" in found);
      else assert.deepEqual(found, { wrong: "is cut off in the middle of a line" });
    }
    assert.equal(
      await wrong("a_total 1\n", "application/openmetrics-text; version=1.0.0"),
      "is cut off before its # EOF",
    );
  });

  it("never makes the parser throw", async () => {
    const piece = fc.constantFrom(
      "m",
      "{",
      "}",
      '"',
      "\\",
      "=",
      ",",
      " ",
      "\n",
      "#",
      "# EOF",
      "1",
      "le",
      "NaN",
      "TYPE",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join("")),
        ),
        async (text) => {
          const found = await read(text);
          assert.ok("wrong" in found || found.series.every(({ value }) => typeof value === "number"));
        },
      ),
      { numRuns: runs(2000) },
    );
  });

  it("gives back any labels that are written in the format", async () => {
    const labels = fc.dictionary(fc.stringMatching(/^[a-z_]\w{0,5}$/), fc.string({ unit: "grapheme" }), { maxKeys: 4 });
    const escaped = (text: string) => text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
    await fc.assert(
      fc.asyncProperty(labels, fc.nat(), async (wantedLabels, value) => {
        const pairs = Object.entries(wantedLabels).map(([name, text]) => `${name}="${escaped(text)}"`);
        assert.deepEqual((await parse(`m{${pairs.join()}} ${value}\n`)).series, [
          { name: "m", labels: Object.fromEntries(Object.entries(wantedLabels)), value },
        ]);
      }),
    );
  });

  it("gives the same series in whatever pieces it arrives", async () => {
    const line = fc.constantFrom(
      "# TYPE a counter",
      'a{x="1"} 1',
      'a{x="} € 😀\\n",y="\\""} 2 1700000000',
      "b 3 # {} 1",
      "",
      "# EOF",
      "<p>",
      "a 4\r",
    );
    const text = fc.array(line, { maxLength: 6 }).map((lines) => lines.join("\n"));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          text,
          text.map((lines) => `${lines}\n`),
        ),
        fc.array(fc.nat(80)),
        async (whole, cuts) => {
          const ends = [...new Set(cuts)].filter((end) => end < whole.length).sort((a, b) => a - b);
          const pieces = [...ends, whole.length].map((end, at) => whole.slice(ends[at - 1] ?? 0, end));
          assert.deepEqual(await readExposition(pieces), await readExposition([whole]));
        },
      ),
      { numRuns: runs(1000) },
    );
  });

  it("is read only up to the malformed line, or the last line of OpenMetrics", async () => {
    for (const [piece, answer] of [
      ["<html>\n", { wrong: 'has no metric in line 1: "<html>"' }],
      ["# EOF\n", { series: [], declared: new Set() }],
    ] as const) {
      const text = (function* () {
        yield piece;
        assert.fail("read on");
      })();
      assert.deepEqual(await readExposition(text), answer);
    }
  });

  it("is refused as soon as a line is too long", async () => {
    let pieces = 0;
    const text = (function* () {
      for (;;) {
        pieces++;
        yield `m{x="${"x".repeat(1000)}`;
      }
    })();
    assert.deepEqual(await readExposition(text), { wrong: "has a line of more than 65 536 characters" });
    assert.ok(pieces < 100);
    assert.equal(await wrong(`m{x="${"x".repeat(1 << 16)}"} 1\n`), "has a line of more than 65 536 characters");
  });

  it("is refused with both numbers if it has more wanted series than the limit", async () => {
    const most = pollingDefaults.seriesAtMost;
    const page = (count: number) => Array.from({ length: count }, (_, index) => `a{x="${index}"} 1\nb 2\n`).join("");
    const found = await read(page(most), ["a"]);
    assert.equal("series" in found && found.series.length, most);
    assert.deepEqual(await read(page(most + 2), ["a"]), {
      wrong: "has 10 002 series to store, more than the limit of 10 000: use fewer labels on a",
    });
  });

  it("keeps only the wanted declarations", async () => {
    const found = await read("# TYPE a counter\n# HELP b Other.\na 1\n", ["a"]);
    assert.deepEqual("series" in found && [...found.declared], ["a"]);
  });

  it("shows a malformed line shortened and without control characters", async () => {
    const found = await wrong(`\u001b[31mm\u0007\u009b2J\u202eevil\u2028next${"x".repeat(1000)}\n`);
    assert.match(found, /^[\x20-\x7e…]{1,140}$/);
  });

  it("lets other work run while it is parsed, whatever its length", async () => {
    const page = 'jvm_bytes{area="heap",id="G1 Eden"} 1.2E7\n'.repeat(5000);
    let turns = 0;
    let reading = true;
    const count = () => {
      turns++;
      if (reading) setImmediate(count);
    };
    setImmediate(count);
    await readExposition(
      (function* () {
        for (let pages = 0; pages < 100; pages++) yield page;
      })(),
      { series: new Set(), declared: new Set() },
    );
    reading = false;
    // Parsing 20 MB in one piece would leave one or two.
    assert.ok(turns > 4, `${turns} turns`);
  });

  it("is parsed in time proportional to its length, whatever its content", async () => {
    const long = 100_000;
    // The maximum length of a line.
    const lines = [
      `m{${'a="\\\\",'.repeat(9000)}} x`,
      `m{${'"'.repeat(65_000)}`,
      `m${" ".repeat(65_000)}x`,
      `m ${"1".repeat(65_000)}x`,
      `m 1 ${"1".repeat(65_000)}x`,
      `m 1${" ".repeat(65_000)}x`,
      "a".repeat(65_000),
    ];
    for (const line of lines) assert.ok("wrong" in (await read(`${line}\n`)));
    assert.ok("series" in (await read('jvm_bytes{area="heap",id="G1 Eden"} 1.2E7\n'.repeat(long), [])));
  });
});
