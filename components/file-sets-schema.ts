/** The validation of the argument `configFiles`. */
import type { asset } from "@pulumi/pulumi";
import * as v from "valibot";
import { isAsset } from "./config-files.ts";
import { dnsLabel } from "./names.ts";
import { checked, mapOf } from "./schema.ts";

const fileSetName = v.pipe(
  v.string(),
  v.regex(dnsLabel, "a file set's name is part of a ConfigMap's name, so it must be a DNS label"),
);
const fileName = v.pipe(
  v.string(),
  v.regex(
    /^(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}$/,
    "a file's name may have letters, digits, dashes, dots and underscores, and may not begin with two dots",
  ),
);
/** The message for the content of a file, which is never shown itself. */
export const fileContentMessage = "must be a text, { base64 } with the bytes of the file, or an asset";
const fileContent = v.union(
  [
    v.string(),
    v.strictObject({ base64: v.pipe(v.string(), v.base64(fileContentMessage)) }),
    v.custom<asset.Asset>(isAsset),
  ],
  fileContentMessage,
);
const fileSet = v.pipe(
  v.strictObject({
    files: mapOf(fileContent, fileName),
    mountPath: v.optional(v.pipe(v.string(), v.startsWith("/", "must begin with /"))),
    env: v.optional(v.boolean()),
    containers: v.optional(v.array(v.string())),
  }),
  checked(({ mountPath, env }) =>
    mountPath !== undefined || env
      ? undefined
      : { at: ["mountPath"], message: "set it, or env: true if the files are environment variables" },
  ),
);

/** The schema of the file sets by name. */
export const fileSetsSchema = mapOf(fileSet, fileSetName);
