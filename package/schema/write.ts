/** Writes package/schema.json: `npm run schema`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageSchema } from "./package-schema.ts";

const root = join(import.meta.dirname, "../..");
writeFileSync(join(root, "package/schema.json"), `${JSON.stringify(packageSchema(root), undefined, 2)}\n`);
