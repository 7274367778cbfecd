#!/usr/bin/env node
/** The `gray` command as the package installs it. */
import { runGray } from "./main.ts";
import { guardOutput } from "./output.ts";

guardOutput();
await runGray();
