/** Real requests, read from a log of `../shared/data/evidence`'s form: one request a line, as `seconds since the last, client, status, milliseconds`. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

export interface LoggedRequest {
  /** Seconds since the first request. */
  readonly at: number;
  /** A number for each client; each request is its own where the log names none. */
  readonly client: number;
  /** Status code. */
  readonly status: string;
  /** Seconds that the answer took; absent where the log has none. */
  readonly latency?: number;
}

export interface Log {
  readonly name: string;
  readonly requests: readonly LoggedRequest[];
  /** Whether it names clients. */
  readonly hasClients: boolean;
}

/** Every log of a folder; files of counters are left out. */
export function logsIn(folder: string): Log[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".csv") && !file.includes("counters"))
    .sort()
    .map((file) => logOf(basename(file, ".csv"), readFileSync(join(folder, file), "utf8")));
}

function logOf(name: string, text: string): Log {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const hasClients = lines.some((line) => line.split(",")[1] !== "");
  let at = 0;
  const requests = lines.map((line, place): LoggedRequest => {
    const [since, client, status, milliseconds] = line.split(",");
    at += Number(since);
    return {
      at,
      client: client ? Number(client) : place,
      status: status || "200",
      ...(milliseconds && { latency: Number(milliseconds) / 1000 }),
    };
  });
  return { name, requests, hasClients };
}
