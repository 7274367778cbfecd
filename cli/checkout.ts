/** The `gray` command in a checkout, where it has the verb `sandbox` too: that one is built from the sources beside it. */

import { sandboxCommand } from "./commands/sandbox.ts";
import { runGray } from "./main.ts";
import { guardOutput } from "./output/output.ts";

guardOutput();
await runGray(sandboxCommand());
