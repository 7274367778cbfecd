/** Finds the labels that hold the status of requests, by their values, and reads the status of each series. */
import { httpCodeOf, isGrpcName } from "../indicators/grpc-status-code.ts";
import { answerClassOf, finalCodeOf, unknownCode } from "../indicators/http-status-code.ts";

type Labels = Readonly<Record<string, string>>;

/** The labels of a metric with the HTTP status and the gRPC status; absent where no series has such a status. */
export interface StatusLabels {
  readonly http?: string;
  readonly grpc?: string;
}

/** Labels that may hold a status, the usual ones first; libraries differ, and some use one of these for another thing. */
const candidates = [
  "code",
  "status",
  "status_code",
  "http_response_status_code",
  "http_status_code",
  "http_status",
  "response_code",
  "statusCode",
];
/** Labels that hold a gRPC status beside or instead of an HTTP status. */
const grpcLabels = [
  "grpc_code",
  "grpc_status",
  "grpc_response_status",
  "grpc_status_code",
  "rpc_grpc_status_code",
  "rpc_response_status_code",
];

/**
 * The labels of a metric that hold the status of its requests. Of several the one with the most HTTP codes counts, so that
 * `status_code` counts in `{status="success",status_code="200"}`. A label holds gRPC statuses if its name says so, or if all its
 * values are such names, or if the metric's name says so.
 *
 * @param codeLabel the label with the HTTP status. @default chosen by the values
 * @returns undefined if no series has a label that may hold a status
 * @example statusLabelsOf("hits_total", [{ status: "success", status_code: "200" }]) // { http: "status_code" }
 */
export function statusLabelsOf(
  metric: string,
  family: readonly Labels[],
  codeLabel?: string,
): StatusLabels | undefined {
  const known = codeLabel === undefined ? candidates : [codeLabel];
  const values = (label: string) => family.flatMap((labels) => labels[label] || []);
  const grpc = grpcLabels.find((label) => values(label).some(isGrpcStatus));
  const beside = grpc === undefined ? {} : { grpc };
  // A given label is believed, unless its name says that it is of gRPC.
  const isHttp = codeLabel === undefined || isOfGrpc(codeLabel) ? isCode : isFinal;
  const found = known.map((label) => ({ label, codes: values(label).filter(isHttp).length }));
  const most = found.reduce((best, each) => (each.codes > best.codes ? each : best));
  if (most.codes > 0) return { http: most.label, ...beside };
  if (grpc !== undefined) return beside;
  const named = known.find((label) => {
    const isStatus = isOfGrpc(metric) || isOfGrpc(label) ? isGrpcStatus : isGrpcName;
    return values(label).length > 0 && values(label).every(isStatus);
  });
  if (named !== undefined) return { grpc: named };
  const has = [...known, ...grpcLabels].some((label) => family.some((labels) => Object.hasOwn(labels, label)));
  return has ? {} : undefined;
}

const isOfGrpc = (name: string) => /rpc/i.test(name);
const isGrpcStatus = (value: string) => httpCodeOf(value) !== undefined;
const isFinal = (value: string) => finalCodeOf(value) !== undefined;

/** Whether a value is surely an HTTP code. 0 is also the OK of gRPC, and of many a program. */
const isCode = (value: string) => isFinal(value) && !/^0+$/.test(value);

/**
 * The code under which the requests of a series count. A gRPC call that failed has the HTTP code 200, so where both are known the
 * gRPC status of an answer 2xx counts.
 *
 * @returns an HTTP code, or `unknown`
 * @example codeIn({ response_code: "200", grpc_response_status: "14" }, { http: "response_code", grpc: "grpc_response_status" }) // "503"
 */
export function codeIn(labels: Labels, { http, grpc }: StatusLabels): string {
  const held = (label = "") => labels[label] ?? "";
  const code = finalCodeOf(held(http));
  if (code !== undefined && answerClassOf(code) !== "ok") return code;
  const status = held(grpc);
  if (status !== "") return httpCodeOf(status) ?? unknownCode;
  // Istio says of each request whether it is a gRPC call.
  const isCall = labels.request_protocol === "grpc";
  return (isCall ? undefined : code) ?? unknownCode;
}
