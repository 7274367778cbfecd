/** The `gray` command in a checkout, where it has the verb `sandbox` too: that one is built from the sources beside it. */
import { runGray } from "./main.ts";
import { guardOutput } from "./output.ts";
import { sandboxCommand } from "./sandbox.ts";

guardOutput();
await runGray(sandboxCommand());
