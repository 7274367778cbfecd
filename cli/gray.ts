#!/usr/bin/env node
/** The `gray` command as the package installs it. */
import { runGray } from "./main.ts";

await runGray();
