/** The options that choose how requests reach canary apart from user traffic. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type AccessPath, accessPaths } from "../../probe/endpoints.ts";

/** How requests reach canary apart from user traffic. */
export interface EndpointOptions {
  /** The access path: `token` through the gateway, `pods` through the API server. */
  readonly via?: AccessPath;
  /** Address of the gateway. @default the address in the status of the Gateway */
  readonly url?: URL;
}

/** Adds the options `--via` and `--url`. */
export function withEndpointOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--via <path>",
        "access path to canary: token (through the gateway) or pods (through the API server to each pod) (default: token with an HTTPRoute, else pods; both for checks if the route has no canaryHeader)",
      ).choices(accessPaths),
    )
    .option(
      "--url <address>",
      "address of the gateway, as in http://192.0.2.1 (default: the address in the status of the Gateway)",
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
