import { enterSandbox } from "../../rehearsal/sandbox.ts";

/** Mocha's global fixture: before the first end-to-end test there is a cluster. */
export function mochaGlobalSetup(): void {
  enterSandbox();
}
