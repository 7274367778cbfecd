/** The `gray` command in a checkout. It has the subcommand `sandbox` too, which needs the sources of the sandbox. */

import { sandboxCommand } from "./commands/sandbox.ts";
import { runGray } from "./main.ts";
import { guardOutput } from "./output/output.ts";

guardOutput();
await runGray(sandboxCommand());
