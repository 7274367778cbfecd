/** The option `--metrics-port` of the commands that gather evidence. */
import { type Command, InvalidArgumentError } from "commander";
import type { Listening } from "../../observability/exporter.ts";

/** Where a command serves its evidence to Prometheus. */
export interface MetricsOptions {
  readonly metricsPort?: Listening;
}

/** Adds the option `--metrics-port`. */
export function withMetricsOptions(command: Command): Command {
  return command.option(
    "--metrics-port <port>",
    "serve the evidence to Prometheus on this port of 127.0.0.1, or on an address as in 0.0.0.0:9464",
    listening,
  );
}

/** @throws InvalidArgumentError, which commander shows beside the option */
function listening(text: string): Listening {
  const [, host = "127.0.0.1", digits] = /^(?:(.+):)?(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (!(port <= 65535)) throw new InvalidArgumentError("Write a port from 0 to 65535, or address:port.");
  return { host, port };
}
