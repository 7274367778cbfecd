import type { ExpectedFailure } from "./case.ts";

export default {
  title: "a missing config file",
  change: { files: { "config/log/applog.conf": null } },
  up: "canary",
  sentence: "The config file config/log/applog.conf does not exist: create it, or correct the path in the program.",
} satisfies ExpectedFailure;
