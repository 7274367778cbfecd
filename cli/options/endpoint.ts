import { type Command, InvalidArgumentError, Option } from "commander";
import { type By, waysOfAsking } from "../../probe/endpoint.ts";

/** How canary is asked past its users. */
export interface EndpointOptions {
  readonly via?: By;
  /** Address of the gateway. */
  readonly url?: URL;
}

/** A verb with the options that say so. */
export function withEndpointOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--via <way>",
        "ask canary through the gateway with the token, or through the API server to each pod (default: token where there is a route; the checks go both ways where the route has no canaryHeader, as then nothing shows that canary answered)",
      ).choices(waysOfAsking),
    )
    .option(
      "--url <address>",
      "address of the gateway to ask canary through, as in http://192.0.2.1 (default: what the Gateway says)",
      address,
    );
}

/** @throws InvalidArgumentError, which commander shows beside the option */
function address(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new InvalidArgumentError("Write scheme, address and port alone, as in https://192.0.2.1:8443.");
  }
  return url;
}
