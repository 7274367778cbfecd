import type { ExpectedFailure } from "./case.ts";

export default {
  title: "prod before canary has ever run",
  needs: "cluster",
  up: "prod",
  sentence:
    "fop-gate has no release in stack canary, and prod runs only releases that canary has run: run pulumi up --stack canary first.",
} satisfies ExpectedFailure;
