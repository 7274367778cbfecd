/** The images that the sandbox holds: two good releases and one that answers some requests with 500. */
const repository = "reg.qiniu.com/dora-apps/fop-gate";
export const images = {
  a: `${repository}:20190218210538-6-master`,
  b: `${repository}:20190304101112-7-master`,
  bad: `${repository}:20190311121314-8-master`,
  missing: `${repository}:20190401000000-9-master`,
} as const;
