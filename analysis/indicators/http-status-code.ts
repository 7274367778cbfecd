/** What HTTP status codes mean: which of them end a request, and as what its answer counts. */

/** As what an answer counts: 2xx, 3xx, 4xx and 5xx, or an answer whose status is not known. */
export type AnswerClass = "ok" | "moved" | "refused" | "failed" | "unknown";

/** Stands for the code of a request whose label holds no code that ends it, as Micrometer's UNKNOWN for a cancelled one. */
export const unknownCode = "unknown";

/**
 * The status code that a label of a metric holds, `200` or a class such as `5xx`; undefined if no request ends with it.
 *
 * @example finalCodeOf("2XX") // "2xx"
 */
export function finalCodeOf(label: string): string | undefined {
  // Some libraries write the reason after the code.
  const [code = ""] = label.toLowerCase().trim().split(" ");
  // Istio, Envoy and nginx count a request without an answer under 0: it failed.
  if (/^0+$/.test(code)) return "5xx";
  // Of the codes below 200 only 101 ends a request: the connection becomes a WebSocket.
  return /^[2-5](\d\d|xx)$|^101$/.test(code) ? code : undefined;
}

/** As what an answer with this code counts; undefined if only as a request. @example answerClassOf("503") // "failed" */
export function answerClassOf(code: string): AnswerClass | undefined {
  if (code === unknownCode) return "unknown";
  switch (code[0]) {
    case "2":
      return "ok";
    case "3":
      return "moved";
    case "4":
      return "refused";
    case "5":
      return "failed";
    default:
      return undefined;
  }
}
