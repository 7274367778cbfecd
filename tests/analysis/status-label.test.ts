import assert from "node:assert/strict";
import { codeIn, statusLabelsOf } from "../../analysis/providers/status-label.ts";

type Labels = Record<string, string>;

/** The codes under which the series of a metric count. */
function codesIn(family: readonly Labels[], metric = "hits_total", codeLabel?: string) {
  const labels = statusLabelsOf(metric, family, codeLabel);
  return labels && family.map((each) => codeIn(each, labels));
}

describe("the status of requests", () => {
  for (const [sentence, family, codes] of [
    [
      "is in the label that holds codes, whatever other labels are called",
      [
        { status: "success", status_code: "200" },
        { status: "error", status_code: "503" },
      ],
      ["200", "503"],
    ],
    ["is in any label in which a library writes it", [{ http_response_status_code: "404" }], ["404"]],
    [
      "may be a class, or have its reason behind it",
      [{ status: "2xx" }, { status: "503 Service Unavailable" }],
      ["2xx", "503"],
    ],
    [
      "is unknown where the label holds no code that ends a request",
      [{ status: "200" }, { status: "UNKNOWN" }, { status: "103" }, { status: "" }, { uri: "/" }],
      ["200", "unknown", "unknown", "unknown", "unknown"],
    ],
    ["is unknown where no label holds codes", [{ status: "success" }, { status: "error" }], ["unknown", "unknown"]],
    ["is a failure where proxies write 0 beside other codes", [{ code: "0" }, { code: "200" }], ["5xx", "200"]],
    ["is unknown where a label holds nothing but 0, which may be the OK of anything", [{ code: "0" }], ["unknown"]],
    ["is that of gRPC where all values are names of it", [{ code: "OK" }, { code: "Unavailable" }], ["200", "503"]],
    [
      "is that of gRPC where a label says so, by number too",
      [{ rpc_grpc_status_code: "0" }, { rpc_grpc_status_code: "14" }],
      ["200", "503"],
    ],
    [
      "is that of gRPC where the HTTP status is good, because HTTP tells a failed call as 200",
      [
        { response_code: "200", grpc_response_status: "0" },
        { response_code: "200", grpc_response_status: "14" },
        { response_code: "503", grpc_response_status: "0" },
        { response_code: "200" },
      ],
      ["200", "503", "503", "200"],
    ],
    [
      "is unknown of a gRPC call that ended without one",
      [
        { response_code: "200", grpc_response_status: "0", request_protocol: "grpc" },
        { response_code: "200", request_protocol: "grpc" },
        { response_code: "0", request_protocol: "grpc" },
      ],
      ["200", "unknown", "5xx"],
    ],
    ["cannot be read where no label may hold one", [{ method: "GET" }, {}], undefined],
  ] as const) {
    it(sentence, () => {
      assert.deepEqual(codesIn(family as readonly Labels[]), codes);
    });
  }

  for (const label of [
    "code",
    "status",
    "status_code",
    "http_response_status_code",
    "http_status_code",
    "http_status",
    "response_code",
    "statusCode",
  ]) {
    it(`may be in the label ${label}`, () => {
      assert.deepEqual(codesIn([{ method: "GET", [label]: "503" }, { method: "PUT" }]), ["503", "unknown"]);
    });
  }

  for (const label of [
    "grpc_code",
    "grpc_status",
    "grpc_response_status",
    "grpc_status_code",
    "rpc_grpc_status_code",
    "rpc_response_status_code",
  ]) {
    it(`may be a gRPC status in the label ${label}, which says nothing if it never holds one`, () => {
      assert.deepEqual(codesIn([{ [label]: "14" }, { [label]: "" }]), ["503", "unknown"]);
      assert.deepEqual(codesIn([{ [label]: "bad" }, {}]), ["unknown", "unknown"]);
      assert.deepEqual(codesIn([{ [label]: "bad", code: "200" }]), ["200"]);
    });
  }

  it("is in the more usual of two labels that hold as many codes", () => {
    assert.deepEqual(codesIn([{ http_status: "500", status: "200" }]), ["200"]);
  });

  it("is not that of gRPC if only some values are names of it, or numbers without its name", () => {
    assert.deepEqual(codesIn([{ status: "OK" }, { status: "success" }]), ["unknown", "unknown"]);
    assert.deepEqual(codesIn([{ code: "0" }, { code: "99" }], "rpc_handled_total"), ["unknown", "unknown"]);
    assert.deepEqual(codesIn([{ code: "000" }]), ["unknown"]);
  });

  it("is by number that of gRPC if the metric's name says so", () => {
    assert.deepEqual(codesIn([{ code: "0" }, { code: "13" }], "rpc_handled_total"), ["200", "500"]);
  });

  it("is in the label that was given, even if all its values are 0", () => {
    const family = [{ result: "0", code: "200" }];
    assert.deepEqual(codesIn(family, "hits_total", "result"), ["5xx"]);
    assert.equal(codesIn(family, "hits_total", "other"), undefined);
    assert.deepEqual(codesIn([{ result: "OK" }], "hits_total", "result"), ["200"]);
    assert.deepEqual(codesIn([{ result: "0" }, {}, { result: "?" }], "hits_total", "result"), [
      "5xx",
      "unknown",
      "unknown",
    ]);
    assert.deepEqual(codesIn([{ rpcStatus: "0" }, { rpcStatus: "13" }], "hits_total", "rpcStatus"), ["200", "500"]);
    const both = { result: "200", grpc_status: "13" };
    assert.deepEqual(codesIn([both, { result: "200" }], "hits_total", "result"), ["500", "200"]);
  });
});
