import { openedFirst } from "../../../harness/opened-first.ts";
import type { Change, Stack } from "../../../harness/project.ts";
import { behindGateway } from "../behind-gateway.ts";

/**
 * fop-gate with one thing broken, and the one rule of the policy pack that finds it.
 *
 * A variant is a file of this folder whose default export is this. `tests/policies/variants.test.ts` runs all of them on a cluster in
 * memory, and the end-to-end tests some on the real command line.
 */
export interface Variant {
  readonly title: string;
  /** The rule that finds it. No other one does. */
  readonly rule: string;
  /** Part of its message. */
  readonly message: string;
  /** The stack whose preview is judged. */
  readonly stack: Stack;
  readonly change: Change;
  /** What happened before: canary has taken the change, or has taken it and a good verdict so many hours ago. @default nothing */
  readonly before?: "canary" | { readonly judged: number };
  /** Whether it is judged in a plan, right after canary's preview (gray plan). @default false */
  readonly plan?: boolean;
}

// biome-ignore-start lint/suspicious/noExplicitAny: broken on purpose, so no type would take it
/** The program with other arguments of fop-gate. */
export function described(change: (args: any) => void): Change {
  return inserted(`(${change})(fopGate);`);
}

/** The program with an object that a transformation changes, as a platform's own code might, behind CanaryService's back. */
export function transformed(kind: string, name: string, change: (props: any, opts: any) => void): Change {
  const isMeant = `type.endsWith(":${kind}") && name.startsWith("${name}") && (name === "${name}" || "${kind}" === "ConfigMap")`;
  const transformation = `({ type, name, props, opts }) => {
  if (${isMeant}) (${change})(props, opts);
  return { props, opts };
}`;
  const made = 'new CanaryService("fop-gate", fopGate';
  return {
    files: {
      "index.ts": (program) => program.replace(made, () => `${made}, { transformations: [${transformation}] }`),
    },
  };
}
// biome-ignore-end lint/suspicious/noExplicitAny: as above

/** The program with one more object beside fop-gate, labelled as one of its own unless it has other labels. */
export function added(type: string, name: string, fields: object): Change {
  const labels = { app: "fop-gate", team: "dora", type: "basic", "gray-release/service": "fop-gate" };
  const { metadata = {}, ...rest } = fields as { metadata?: object };
  const args = JSON.stringify({ metadata: { name, labels, ...metadata }, ...rest });
  const [module, kind] = type.split(":");
  return appended(
    `
const { ${kind} } = await import("@pulumi/kubernetes/${module}/${kind?.[0]?.toLowerCase()}${kind?.slice(1)}.js");
const args = ${args};
new ${kind}("${name}-added", { ...args, metadata: { namespace, ...args.metadata } }, { provider: rollout.provider });`,
    openedFirst,
  );
}

/** The program with more lines at its end. */
export function appended(lines: string, before = (program: string) => program): Change {
  return { files: { "index.ts": (program) => `${before(program)}\n${lines}\n` } };
}

/** Both changes of the program, one after the other. */
export function both(first: Change, second: Change): Change {
  const change = (text: string, { files = {} }: Change) => files["index.ts"]?.(text) ?? text;
  return { files: { "index.ts": (program) => change(change(program, first), second) } };
}

/** Puts fop-gate behind the Gateway `public` of the namespace `infra`. */
export const routed: Change = behindGateway({ routes: [{ gateways: [{ name: "public", namespace: "infra" }] }] });

/** What a container has to say of itself, for objects that are added. */
export const restricted = {
  resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "32Mi" } },
  securityContext: {
    runAsNonRoot: true,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  },
};

/** The program with a job that sweeps at night, of some image. */
export function withSweep(image: string): Change {
  const spec = { restartPolicy: "Never", containers: [{ name: "sweep", image, ...restricted }] };
  return added("batch/v1:CronJob", "fop-gate-sweep", {
    spec: { schedule: "0 3 * * *", jobTemplate: { spec: { template: { spec } } } },
  });
}

/** Puts lines between what the program describes and what it does with it. */
function inserted(lines: string): Change {
  return {
    files: { "index.ts": (program) => program.replace("const service =", () => `${lines}\n\nconst service =`) },
  };
}
