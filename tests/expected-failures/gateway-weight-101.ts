import { behindGateway } from "./behind-gateway.ts";
import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a weight over 100 behind a gateway, which supports 100",
  change: behindGateway({}, { weight: 101 }),
  up: "canary",
  sentence: `fop-gate: weight is 101: must be 0 to 100, or a text such as "10%".`,
} satisfies ExpectedFailure;
