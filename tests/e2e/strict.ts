import { chmodSync, globSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** A Kubernetes provider as of version 4.29 on, for the Pulumi of a project (strict-provider.ts). */
export interface Strict {
  /** Variables by which Pulumi takes it. */
  readonly env: Readonly<Record<string, string>>;
  /** Has the answer cut off when the object whose URN ends so is created next. */
  cutOff(urn: string): void;
}

export function strictProvider(): Strict {
  const folder = mkdtempSync(join(tmpdir(), "gray-strict-"));
  const name = "pulumi-resource-kubernetes";
  const [real = ""] = globSync(join(process.env.PULUMI_HOME ?? "", `plugins/resource-kubernetes-v*/${name}`));
  const script = join(import.meta.dirname, "strict-provider.ts");
  writeFileSync(join(folder, name), `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n`);
  chmodSync(join(folder, name), 0o755);
  const cut = join(folder, "cut");
  return {
    env: {
      PATH: `${folder}${delimiter}${process.env.PATH}`,
      STRICT_PROVIDER: real,
      STRICT_CUT: cut,
      NODE_NO_WARNINGS: "1",
    },
    cutOff: (urn) => writeFileSync(cut, urn),
  };
}
