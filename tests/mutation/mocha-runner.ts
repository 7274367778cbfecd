import { commonTokens, declareClassPlugin, PluginKind, tokens } from "@stryker-mutator/api/plugin";
import {
  type CompleteDryRunResult,
  type DryRunOptions,
  type DryRunResult,
  DryRunStatus,
  determineHitLimitReached,
  type MutantRunOptions,
  type MutantRunResult,
  type TestResult,
  type TestRunner,
  TestStatus,
  toMutantRunResult,
} from "@stryker-mutator/api/test-runner";
import fc from "fast-check";
import Mocha from "mocha";

// A property that fails is enough to notice a fault; the smallest counterexample would take minutes.
fc.configureGlobal({ endOnFailure: true });

/** What the instrumented files and the runner share. */
interface Instrumentation {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: CompleteDryRunResult["mutantCoverage"];
}

/**
 * Runs the tests for the mutation tester, in one process as long as it lasts. Its own runner for Mocha (10.0.0) does not
 * load with Mocha 12, whose lib/cli it looks into.
 */
class MochaRunner implements TestRunner {
  static readonly inject = tokens(commonTokens.options);
  private readonly mocha = new Mocha({ timeout: 0, reporter: Mocha.reporters.Base });
  private readonly shared: Instrumentation;
  private isLoaded = false;
  private isMeasured = false;

  constructor(options: object) {
    const { mochaSpecs } = options as { readonly mochaSpecs: readonly string[] };
    this.mocha.cleanReferencesAfterRun(false);
    for (const spec of mochaSpecs) this.mocha.addFile(spec);
    const shared = globalThis as { __stryker__?: Instrumentation };
    shared.__stryker__ ??= {};
    this.shared = shared.__stryker__;
    const runner = this;
    this.mocha.suite.beforeEach("coverage", function (this: Mocha.Context) {
      if (runner.isMeasured) runner.shared.currentTestId = this.currentTest?.fullTitle();
    });
  }

  /** Modules are imported once in a process. */
  capabilities() {
    return { reloadEnvironment: false };
  }

  async dryRun({ disableBail }: DryRunOptions): Promise<DryRunResult> {
    this.isMeasured = true;
    const result = await this.run(disableBail);
    this.isMeasured = false;
    const { mutantCoverage } = this.shared;
    return result.status === DryRunStatus.Complete && mutantCoverage ? { ...result, mutantCoverage } : result;
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const { activeMutant, testFilter, disableBail, hitLimit, mutantActivation } = options;
    this.shared.hitLimit = hitLimit;
    this.shared.hitCount = hitLimit === undefined ? undefined : 0;
    this.mocha.grep(testFilter ? new RegExp(`^(${testFilter.map(escaped).join("|")})$`) : /^/);
    return toMutantRunResult(await this.run(disableBail, activeMutant.id, mutantActivation === "static"));
  }

  private async run(disableBail: boolean, mutant?: string, isStatic = false): Promise<DryRunResult> {
    try {
      if (!this.isLoaded) {
        this.shared.activeMutant = isStatic ? mutant : undefined;
        await this.mocha.loadFilesAsync();
        this.isLoaded = true;
      }
      bail(this.mocha.suite, !disableBail);
      this.shared.activeMutant = mutant;
      const tests = await this.results();
      const { hitCount, hitLimit } = this.shared;
      return determineHitLimitReached(hitCount, hitLimit) ?? { status: DryRunStatus.Complete, tests };
    } catch (error) {
      return { status: DryRunStatus.Error, errorMessage: (error as Error).stack ?? String(error) };
    }
  }

  private results(): Promise<TestResult[]> {
    return new Promise((resolve) => {
      const tests: TestResult[] = [];
      let before = performance.now();
      const measured = (title: string) => {
        const now = performance.now();
        const timeSpentMs = now - before;
        before = now;
        return { id: title, name: title, timeSpentMs };
      };
      const runner = this.mocha.run(() => resolve(tests));
      runner.on("pass", (test) => tests.push({ ...measured(test.fullTitle()), status: TestStatus.Success }));
      runner.on("fail", (test, error) => {
        const title = test.ctx?.currentTest?.fullTitle() ?? test.fullTitle();
        tests.push({ ...measured(title), status: TestStatus.Failed, failureMessage: error.message || "it failed" });
      });
    });
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function bail(suite: Mocha.Suite, isWanted: boolean): void {
  suite.bail(isWanted);
  for (const inner of suite.suites) bail(inner, isWanted);
}

/** Read by the mutation tester, which is given this file as a plugin. */
export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, "mocha-in-process", MochaRunner)];
