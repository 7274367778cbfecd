import { enterSandbox } from "../../harness/sandbox.ts";

/** Mocha's global fixture: before the first end-to-end test there is a cluster, with all that any of them needs, as several files run at a time. */
export function mochaGlobalSetup(): void {
  enterSandbox(["gateway", "prometheus"]);
}
