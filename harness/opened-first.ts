/** The fop-gate program in the form of a program with several services: it opens the rollout before it makes the component. */

const made = 'const service = new CanaryService("fop-gate", fopGate);';
/** The lines that open the rollout. The component gets the result, which more lines can use as `rollout`. */
export const opening = 'const rollout = await openRollout("fop-gate", fopGate);';

/** The text of index.ts, with the rollout opened first. @throws Error if the program is not fop-gate's */
export function openedFirst(program: string): string {
  if (!program.includes(made)) throw new Error("index.ts makes fop-gate in another way than expected");
  return `import { openRollout } from "./gate/open.ts";\n${program.replace(
    made,
    `${opening}\nconst service = new CanaryService("fop-gate", { ...fopGate, rollout });`,
  )}`;
}
