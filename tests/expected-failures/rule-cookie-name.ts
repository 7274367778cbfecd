import { behindGateway } from "./behind-gateway.ts";
import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a cookie with an invalid name",
  change: behindGateway({ rules: [{ to: "canary", cookie: { name: "my user", value: "1" } }] }),
  up: "canary",
  sentence: `fop-gate: gateway.rules.0.cookie.name is "my user": must be 1 to 256 letters, digits or dashes.`,
} satisfies ExpectedFailure;
