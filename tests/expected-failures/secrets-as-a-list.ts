import type { ExpectedFailure } from "./case.ts";

export default {
  title: "secrets as a list, whose values must not be in the message",
  change: {
    files: {
      "index.ts": (text) =>
        text.replace(
          "const fopGate: ServiceArgs = {",
          'const fopGate: any = { secrets: [{ mode: "versioned", data: { password: "hunter2" } }],',
        ),
    },
  },
  up: "canary",
  sentence: "fop-gate: secrets must be an object.",
} satisfies ExpectedFailure;
