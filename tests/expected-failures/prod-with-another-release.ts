import type { ExpectedFailure } from "./case.ts";

/** A changed config file gives another release with the same image. */
const release = (name: string) => ({
  change: { files: { "config/fop-gate/fop-gate.conf": (text: string) => `${text}# ${name}\n` } },
  up: "canary" as const,
  release: name,
});

export default {
  title: "prod with a release from the history that has no verdict, while canary runs another",
  needs: "cluster",
  before: [release("A"), { up: "prod" }, release("B"), release("C")],
  change: { configure: { prod: { release: "{B}" } } },
  up: "prod",
  sentence:
    'fop-gate stable: release {B} is refused, because it has not been judged good yet: let gray verify judge it, or check canary and run gray approve {B} --reason "…" -n {namespace} --service fop-gate, then pulumi up again.',
} satisfies ExpectedFailure;
