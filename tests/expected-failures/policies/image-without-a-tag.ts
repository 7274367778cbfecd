import { added, restricted, type Variant } from "./variant.ts";

export default {
  title: "a job with an image that names no build",
  rule: "pinned-image",
  says: `has the image "reg.qiniu.com/dora-apps/sweep", and one build is wanted`,
  stack: "prod",
  change: added("batch/v1:CronJob", "fop-gate-sweep", {
    spec: {
      schedule: "0 3 * * *",
      jobTemplate: {
        spec: {
          template: {
            spec: {
              restartPolicy: "Never",
              containers: [{ name: "sweep", image: "reg.qiniu.com/dora-apps/sweep", ...restricted }],
            },
          },
        },
      },
    },
  }),
} satisfies Variant;
