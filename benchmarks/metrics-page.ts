import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pollingDefaults } from "../analysis/defaults.ts";
import { run } from "../harness/command.ts";
import { type Figure, limited } from "./figure.ts";
import type { Read } from "./metrics-reader.ts";

const rounds = 3;
const pageBytes = 60 << 20;

/** What it costs to read a pod whose page of metrics has 60 MiB, in a process of its own. */
export async function metricsPage(): Promise<Figure[]> {
  const page = Buffer.from(pageOf(pageBytes));
  const server = createServer((_, response) => response.end(page)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const reads: Read[] = [];
  try {
    const { port } = server.address() as AddressInfo;
    const reader = join(import.meta.dirname, "metrics-reader.ts");
    for (let round = 0; round < rounds; round++) {
      const { code, output, stdout } = await run(process.execPath, [reader, `http://127.0.0.1:${port}`]);
      if (code !== 0) throw new Error(`the reader ended with ${code}:\n${output.slice(-2000)}`);
      reads.push(JSON.parse(stdout));
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
  const wrong = reads.find(({ problem }) => problem !== undefined);
  if (wrong) throw new Error(`the page was not read: ${wrong.problem}`);
  const of = (value: (read: Read) => number) => reads.map(value);
  return [
    limited(
      "60 MiB of metrics: until they are read",
      of(({ seconds }) => seconds),
      {
        unit: "s",
        most: pollingDefaults.podTimeoutSeconds,
      },
    ),
    limited(
      "60 MiB of metrics: longest that nothing else has its turn",
      of(({ blocked }) => blocked),
      {
        unit: "ms",
        most: 50,
        digits: 0,
      },
    ),
    limited(
      "60 MiB of metrics: memory of the process",
      of(({ memory }) => memory),
      { unit: "MB", most: 200, digits: 0 },
    ),
  ];
}

/** Metrics as a process of many parts has them, and among them those of a service with 500 routes. */
function pageOf(bytes: number): string {
  const lines: string[] = [];
  for (let n = 0, length = 0; length < bytes; n++) {
    const route = `route="/api/v1/orders/${n % 500}"`;
    const line =
      n < 500
        ? `http_requests_total{method="GET",code="200",${route}} ${n}`
        : [
            `jvm_memory_used_bytes{area="heap",id="G1 Eden Space",application="orders",n="${n}"} ${1.5e7 + n}`,
            `# HELP go_gc_duration_seconds A summary of the wall-time pause (stop-the-world) duration in cycles.`,
            `rpc_latency_seconds_bucket{service="orders.v1.Orders",method="M${n}",grpc_code="OK",le="0.25"} ${n}`,
            `process_cpu_seconds_total{${route}} ${n}.25`,
          ][n % 4];
    lines.push(line ?? "");
    length += (line ?? "").length + 1;
  }
  return `${lines
    .join("\n")
    .slice(0, bytes)
    .replace(/\n[^\n]*$/, "")}\n`;
}
