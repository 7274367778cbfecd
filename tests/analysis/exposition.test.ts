import assert from "node:assert/strict";
import fc from "fast-check";
import { parseExposition } from "../../analysis/sources/exposition.ts";

const parse = (text: string, type?: string) => {
  const found = parseExposition(text, undefined, type);
  return "wrong" in found ? assert.fail(found.wrong) : found;
};
const wrong = (text: string, type?: string) => {
  const found = parseExposition(text, undefined, type);
  return "wrong" in found ? found.wrong : assert.fail(JSON.stringify(found));
};

describe("an answer of /metrics", () => {
  it("has series with their labels, values and times", () => {
    const { series, declared } = parse(
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

  it("has label values with braces, hashes, escapes and line breaks in them", () => {
    const [series] = parse('m{path="C:\\\\DIR",error="no \\"file\\":\\n} # 1,x=",__proto__="y"} 1\n').series;
    assert.deepEqual(Object.entries(series?.labels ?? {}), [
      ["path", "C:\\DIR"],
      ["error", 'no "file":\n} # 1,x='],
      ["__proto__", "y"],
    ]);
  });

  it("has numbers as Go writes them", () => {
    const text = ["1e3", "+1.5E-2", "+Inf", "-Inf", "NaN", ".5", "5."].map((value) => `m ${value}\n`).join("");
    assert.deepEqual(
      parse(text).series.map(({ value }) => value),
      [1000, 0.015, Infinity, -Infinity, Number.NaN, 0.5, 5],
    );
  });

  it("in OpenMetrics has times in seconds, exemplars that do not count, and a last line", () => {
    const { series } = parse(
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

  it("may have lines that end as on Windows", () => {
    assert.deepEqual(parse("# TYPE m counter\r\nm 1\r\n\r\n").series, [{ name: "m", labels: {}, value: 1 }]);
  });

  it("gives the series that are wanted, and still wants the others well-formed", () => {
    const wanted = (name: string) => name === "b";
    const found = parseExposition('a 1\nb{x="y"} 2\n', wanted);
    assert.deepEqual("series" in found && found.series, [{ name: "b", labels: { x: "y" }, value: 2 }]);
    assert.deepEqual(parseExposition("a\nb 2\n", wanted), { wrong: 'has no metric in line 1: "a"' });
  });

  it("is refused where it is something else, and the line shown", () => {
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
      assert.equal(wrong(text), sentence);
    }
  });

  it("is refused where it is empty", () => {
    assert.equal(wrong(""), "is empty");
    assert.equal(wrong("\n\n"), "is empty");
  });

  it("is refused where it is cut off, also in the middle of a number, which would pass for a smaller one", () => {
    const whole = 'a{code="200"} 1200\na{code="500"} 345\n';
    for (let length = 1; length < whole.length; length++) {
      const found = parseExposition(whole.slice(0, length));
      if (whole[length - 1] === "\n") assert.ok("series" in found);
      else assert.deepEqual(found, { wrong: "is cut off in the middle of a line" });
    }
    assert.equal(wrong("a_total 1\n", "application/openmetrics-text; version=1.0.0"), "is cut off before its # EOF");
  });

  it("never throws, whatever it is", () => {
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
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join("")),
        ),
        (text) => {
          const found = parseExposition(text);
          assert.ok("wrong" in found || found.series.every(({ value }) => typeof value === "number"));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("gives back any labels that were written as the format says", () => {
    const labels = fc.dictionary(fc.stringMatching(/^[a-z_]\w{0,5}$/), fc.string({ unit: "grapheme" }), { maxKeys: 4 });
    const escaped = (text: string) => text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
    fc.assert(
      fc.property(labels, fc.nat(), (wantedLabels, value) => {
        const pairs = Object.entries(wantedLabels).map(([name, text]) => `${name}="${escaped(text)}"`);
        assert.deepEqual(parse(`m{${pairs.join()}} ${value}\n`).series, [
          { name: "m", labels: Object.fromEntries(Object.entries(wantedLabels)), value },
        ]);
      }),
    );
  });

  it("is read in time that grows with its length, whatever is in it", () => {
    const long = 100_000;
    const lines = [
      `m{${'a="\\\\",'.repeat(long)}} x`,
      `m{${'"'.repeat(long)}`,
      `m${" ".repeat(long)}`,
      "a".repeat(long),
    ];
    for (const line of lines) assert.ok("wrong" in parseExposition(`${line}\n`));
    assert.ok("series" in parseExposition('jvm_bytes{area="heap",id="G1 Eden"} 1.2E7\n'.repeat(long), () => false));
  });
});
