import { added, restricted, type Variant } from "./variant.ts";

export default {
  title: "a job with whatever build is the latest",
  rule: "pinned-image",
  says: `CronJob {namespace}/fop-gate-sweep, container sweep has the image "reg.qiniu.com/dora-apps/sweep:latest"`,
  stack: "canary",
  change: added("batch/v1:CronJob", "fop-gate-sweep", {
    spec: {
      schedule: "0 3 * * *",
      jobTemplate: {
        spec: {
          template: {
            spec: {
              restartPolicy: "Never",
              containers: [{ name: "sweep", image: "reg.qiniu.com/dora-apps/sweep:latest", ...restricted }],
            },
          },
        },
      },
    },
  }),
} satisfies Variant;
