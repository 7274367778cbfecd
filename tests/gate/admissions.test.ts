import assert from "node:assert/strict";
import { shownAdmissions } from "../../gate/admissions.ts";
import type { Admission } from "../../gate/gate.ts";

const judged: Admission = { admitted: true, code: "judged-good", sentence: "" };
const forced: Admission = { admitted: true, code: "break-glass", sentence: "" };
const refused: Admission = { admitted: false, code: "no-verdict", sentence: "" };
const aged = { release: "aaaaaaaaaaaa", hours: 5 };

describe("the gate's answers for policies", () => {
  for (const [sentence, admissions, verdict, expected] of [
    ["are none if the gate was not asked", {}, aged, {}],
    ["have no code of an ordinary admission", { canary: judged }, undefined, { canary: { admitted: true } }],
    [
      "have the code of an admission by a break-glass override",
      { canary: forced },
      undefined,
      { canary: { admitted: true, code: "break-glass" } },
    ],
    ["have the code of a refusal", { canary: refused }, undefined, { canary: { admitted: false, code: "no-verdict" } }],
    [
      "have the age of the verdict for stable only",
      { canary: judged, stable: judged },
      aged,
      { canary: { admitted: true }, stable: { admitted: true, verdictHours: 5 } },
    ],
    [
      "say that a verdict is assumed",
      { stable: judged },
      { ...aged, hours: "assumed" },
      { stable: { admitted: true, assumed: true } },
    ],
    ["have no age without a verdict", { stable: judged }, undefined, { stable: { admitted: true } }],
    ["have no age of a refusal", { stable: refused }, aged, { stable: { admitted: false, code: "no-verdict" } }],
  ] as const) {
    it(sentence, () => assert.deepEqual(shownAdmissions(admissions, verdict), expected));
  }
});
