/** What gRPC status codes mean, as the HTTP status codes that they correspond to. */

/** Names and HTTP codes by number (https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto). */
const codes: readonly (readonly [name: string, http: string])[] = [
  ["ok", "200"],
  ["cancelled", "499"],
  ["unknown", "500"],
  ["invalidargument", "400"],
  ["deadlineexceeded", "504"],
  ["notfound", "404"],
  ["alreadyexists", "409"],
  ["permissiondenied", "403"],
  ["resourceexhausted", "429"],
  ["failedprecondition", "400"],
  ["aborted", "409"],
  ["outofrange", "400"],
  ["unimplemented", "501"],
  ["internal", "500"],
  ["unavailable", "503"],
  ["dataloss", "500"],
  ["unauthenticated", "401"],
];
// Go writes it with one l.
const byName = new Map([...codes, ["canceled", "499"] as const]);

/** Whether a label holds a gRPC status by its name, as `Unavailable` or `DEADLINE_EXCEEDED`. @example isGrpcName("OK") // true */
export function isGrpcName(label: string): boolean {
  return byName.has(nameIn(label));
}

/**
 * The HTTP status code that a gRPC status corresponds to, given by name or number; undefined if there is no such status.
 *
 * @example httpCodeOf("14") // "503", as of "Unavailable"
 */
export function httpCodeOf(label: string): string | undefined {
  return /^\d+$/.test(label) ? codes[Number(label)]?.[1] : byName.get(nameIn(label));
}

/** Libraries write the same name as DeadlineExceeded and as DEADLINE_EXCEEDED. */
const nameIn = (label: string) => label.replaceAll("_", "").toLowerCase();
