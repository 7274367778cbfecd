import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Log } from "sarif";
import { policyCommand } from "../../../cli/commands/policy.ts";
import { type Finding, findingsIn, type Judged } from "../../../cli/policy-report/findings.ts";
import { junit } from "../../../cli/policy-report/junit.ts";
import { sarif } from "../../../cli/policy-report/sarif.ts";
import { UserError } from "../../../components/user-error.ts";
import { anyCharacter } from "../../any-character.ts";
import { Shell } from "../../fake/gray.ts";

const urn = "urn:pulumi:prod::gray-release::kubernetes:apps/v1:Deployment::fop-gate";
/** As `pulumi preview --json` prints them (3.259). */
const events = [
  { policyAnalyzeSummaryEvent: { resourceUrn: urn, passed: ["seccomp"], failed: ["non-root"] } },
  {
    policyEvent: {
      resourceUrn: urn,
      message:
        "No container runs as root.\nDeployment a/b, container <c> has runAsUser 0, which is root: give it another user. File to change: index.ts.\n",
      policyName: "non-root",
      enforcementLevel: "mandatory",
      severity: "high",
    },
  },
  {
    policyEvent: {
      resourceUrn: urn,
      message: "In a plan.\nrelease x needs a verdict. File to change: none, as verdicts are in the cluster.",
      policyName: "needs-verdict",
      enforcementLevel: "advisory",
      severity: "low",
    },
  },
  { policyAnalyzeStackSummaryEvent: { passed: ["no-secret-outputs"] } },
];
const passed = [
  { policyAnalyzeSummaryEvent: { resourceUrn: urn, passed: ["seccomp"] } },
  { policyAnalyzeStackSummaryEvent: { passed: ["no-secret-outputs"] } },
];
const lines = (all: readonly object[]) => `${all.map((each) => JSON.stringify(each)).join("\n")}\nno JSON "policy\n`;

describe("findings of policies", () => {
  it("are read from engine events, each with its file, along with the rules that ran", () => {
    const { rules, findings } = findingsIn("prod", lines(events));
    assert.deepEqual(rules, ["needs-verdict", "no-secret-outputs", "non-root", "seccomp"]);
    assert.deepEqual(findings[0], {
      stack: "prod",
      rule: "non-root",
      description: "No container runs as root.",
      message:
        "Deployment a/b, container <c> has runAsUser 0, which is root: give it another user. File to change: index.ts.",
      level: "mandatory",
      severity: "high",
      urn,
      file: "index.ts",
    } satisfies Finding);
    assert.equal(findings[1]?.file, undefined);
  });

  describe("as SARIF", () => {
    const log: Log = JSON.parse(sarif([findingsIn("prod", lines(events))], "main.ts"));
    const [run] = log.runs;

    it("are version 2.1.0, with all rules that ran", () => {
      assert.equal(log.version, "2.1.0");
      assert.deepEqual(
        run?.tool.driver.rules?.map(({ id }) => id),
        ["needs-verdict", "no-secret-outputs", "non-root", "seccomp"],
      );
    });

    it("name the file to change, or else the program, and the rule by its index", () => {
      const results = (run?.results ?? []).map(({ ruleId, ruleIndex = -1, level, locations, message }) => {
        assert.equal(run?.tool.driver.rules?.[ruleIndex]?.id, ruleId);
        assert.ok(message.text);
        return [ruleId, level, locations?.[0]?.physicalLocation?.artifactLocation?.uri];
      });
      assert.deepEqual(results, [
        ["non-root", "error", "index.ts"],
        ["needs-verdict", "warning", "main.ts"],
      ]);
    });

    it("are one alert for each stack, resource and message, and the same alert in the next run", () => {
      const finding = findingsIn("prod", lines(events)).findings[0] as Finding;
      const findings = [
        finding,
        { ...finding, stack: "canary" },
        { ...finding, urn: `${urn}-canary` },
        { ...finding, message: "Deployment a/b, container <d> has runAsUser 0." },
      ];
      const written = () => {
        const [run] = (JSON.parse(sarif([{ stack: "prod", rules: [], findings }], "main.ts")) as Log).runs;
        return (run?.results ?? []).map(({ partialFingerprints }) => partialFingerprints);
      };
      for (const name of ["primaryLocationLineHash", "grayPolicy/v1"]) {
        const hashes = written().map((each) => each?.[name]);
        assert.equal(new Set(hashes).size, findings.length, name);
        assert.ok(
          hashes.every((hash) => /^[0-9a-f]{64}(:1)?$/.test(hash ?? "")),
          name,
        );
      }
      assert.deepEqual(written(), written());
    });

    it("name the file by a URI reference, even if its path has special characters", () => {
      const log: Log = JSON.parse(sarif([findingsIn("prod", lines(events))], "src\\my app#1.ts"));
      const uris = log.runs[0]?.results?.map(
        ({ locations }) => locations?.[0]?.physicalLocation?.artifactLocation?.uri,
      );
      assert.deepEqual(uris, ["index.ts", "src/my%20app%231.ts"]);
    });

    it("mark the run of a stack that was not judged as unsuccessful", () => {
      const failed = JSON.parse(sarif([{ stack: "prod", rules: [], findings: [], error: "no cluster" }], "main.ts"));
      assert.equal(failed.runs[0].invocations[0].executionSuccessful, false);
    });
  });

  describe("as JUnit XML", () => {
    it("are a case for each rule, with a failure if it is mandatory, and with output otherwise", () => {
      const xml = junit([findingsIn("prod", lines(events))]);
      assert.match(xml, /<testsuite name="prod" tests="4" failures="1" errors="0">/);
      assert.match(xml, /<testcase classname="prod" name="seccomp"\/>/);
      assert.match(
        xml,
        /<testcase classname="prod" name="non-root"><failure message="Deployment a\/b, container &lt;c&gt; has/,
      );
      assert.match(xml, /<testcase classname="prod" name="needs-verdict"><system-out>release x needs a verdict/);
      assertWellFormed(xml);
    });

    it("are an error for a stack that could not be judged, and a passed case if no rule is known", () => {
      const xml = junit([
        { stack: "prod", rules: [], findings: [], error: 'the program said "no"' },
        { stack: "canary", rules: [], findings: [] },
      ]);
      assert.match(xml, /name="prod" tests="1" failures="0" errors="1"/);
      assert.match(xml, /<error message="the program said &quot;no&quot;" type="error">/);
      assert.match(xml, /name="canary" tests="1" failures="0" errors="0"/);
      assertWellFormed(xml);
    });

    it("are well-formed for every message", () => {
      const anyFinding = fc.record({
        stack: fc.string({ unit: anyCharacter }),
        rule: fc.string({ unit: anyCharacter }),
        description: fc.string(),
        message: fc.string({ unit: anyCharacter }),
        level: fc.constantFrom("mandatory", "advisory"),
        severity: fc.constantFrom("low", "critical"),
        urn: fc.string({ unit: anyCharacter }),
      });
      fc.assert(
        fc.property(fc.array(anyFinding), fc.string(), (findings, stack) => {
          const judged: Judged = { stack, rules: findings.map(({ rule }) => rule), findings };
          assertWellFormed(junit([judged]));
          JSON.parse(sarif([judged], "index.ts"));
        }),
        { numRuns: 50 },
      );
    });
  });
});

describe("gray policy", () => {
  let shell: Shell;
  beforeEach(() => {
    shell = new Shell("");
    shell.stacks({ canary: [], prod: [] });
    process.exitCode = undefined;
  });
  afterEach(() => {
    shell.remove();
    process.exitCode = undefined;
  });
  const say = (stack: string, all: readonly object[]) =>
    writeFileSync(join(shell.folder, `policies-${stack}.jsonl`), lines(all));

  it("judges every stack of the project, and ends with 3 if a mandatory rule is violated", async () => {
    say("canary", passed);
    say("prod", events);
    const output = await shell.run(policyCommand());
    assert.match(output, /^canary: no violation of 2 rules\.\nprod: 1 violation of 4 rules\./);
    assert.match(output, /non-root \(mandatory, high\) in prod\n {4}Deployment a\/b, container <c> has runAsUser 0/);
    assert.equal(process.exitCode, 3);
  });

  it("judges only the given stacks, and ends with 0 if they pass", async () => {
    say("canary", passed);
    say("prod", events);
    const output = JSON.parse(await shell.run(policyCommand(), "--stack", "canary", "--format", "json"));
    assert.deepEqual(output, [{ stack: "canary", rules: ["no-secret-outputs", "seccomp"], findings: [] }]);
    assert.equal(process.exitCode, undefined);
  });

  it("fails if the preview ran no rule", async () => {
    say("prod", []);
    await assert.rejects(
      shell.run(policyCommand(), "--stack", "prod"),
      new UserError(
        "The policies could not be run on stack prod: its preview ran no rule of policies: check the pack, and which of its rules are disabled.",
      ),
    );
  });

  it("fails with the error of the program, rather than with a violation", async () => {
    const broken = { diagnosticEvent: { message: "Namespace nowhere does not exist.", severity: "error" } };
    say("prod", [...events, broken]);
    await assert.rejects(
      shell.run(policyCommand(), "--stack", "prod"),
      new UserError("The policies could not be run on stack prod: Namespace nowhere does not exist."),
    );
  });

  it("judges the deployed resources with --deployed", async () => {
    await shell.run(policyCommand(), "--deployed", "--stack", "prod");
    assert.match(
      shell.calls.join(),
      /^policy analyze --json --non-interactive --policy-pack \S+policies --stack prod$/,
    );
  });

  it("passes the configuration of the rules on, and is refused if the file does not exist", async () => {
    await shell.run(policyCommand(), "--deployed", "--stack", "prod", "--config", "package.json");
    assert.match(shell.calls.join(), /--policy-pack-config \S+package\.json --stack prod$/);
    await assert.rejects(shell.run(policyCommand(), "--config", "nowhere.json"), /nowhere\.json does not exist/);
  });

  it("is refused in a project without stacks", async () => {
    shell.stacks({});
    await assert.rejects(shell.run(policyCommand()), /This project has no stack/);
  });
});

/** XML 1.0: one root, every element closed in its order, no character that it may not hold, no stray `<` or `&`. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  let roots = 0;
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "");
  assert.doesNotMatch(body, /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u);
  const rest = body.replace(/<(\/?)([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>/g, (_, closes, name, __, empty) => {
    if (open.length === 0) roots++;
    if (closes) assert.equal(open.pop(), name);
    else if (!empty) open.push(name);
    return "";
  });
  assert.deepEqual([open, roots > 0], [[], true]);
  assert.doesNotMatch(rest, /</);
  assert.doesNotMatch(xml, /&(?!(?:amp|lt|gt|quot|#10);)/);
}
