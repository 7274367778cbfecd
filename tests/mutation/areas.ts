/** A part of the product whose tests are themselves tested: what is changed, and which tests have to notice. */
export interface Area {
  readonly name: string;
  /** Globs of the files that get faults. Only pure ones: what waits for a cluster or a child process is tested end to end. */
  readonly files: readonly string[];
  /** Globs of the tests that have to notice. */
  readonly tests: readonly string[];
  /** Tests that run for every file, because they reach each of them by a list. @default none */
  readonly always?: readonly string[];
}

/** Everything that `npm run test:mutation` goes through. */
export const areas: readonly Area[] = [
  {
    name: "analysis",
    files: ["analysis/**/!(indicator|library|question|reading|tick).ts"],
    tests: ["tests/analysis/**/*.test.ts", "tests/observability/exporter.test.ts"],
  },
  {
    name: "gate",
    files: [
      "gate/{admissions,choice,context-without-cluster,gate,opening,preconditions,question,retention,sequence,weight}.ts",
    ],
    tests: ["tests/gate/**/*.test.ts"],
  },
  {
    name: "components",
    files: [
      "components/!(canary-service|deployment|front|object-reference|provider|rollout-context).ts",
      "components/traffic/{gateway,replicas}/*.ts",
    ],
    tests: ["tests/components/**/*.test.ts", "tests/gate/owner.test.ts"],
  },
  {
    name: "rollout",
    files: [
      "rollout/{lease-acquisition,intent,next,remedy,rollout,stage,timeline}.ts",
      "evaluation/{comparison,empty-canary,steady-share}.ts",
      "record/{bounds,named-verdicts,record,record-retention,stored-verdict,verdict-merge,verdict-age,version-1}.ts",
    ],
    tests: ["tests/{rollout,evaluation,record}/**/*.test.ts"],
  },
  {
    name: "cluster",
    files: [
      "border/{foreign-text,path,renamed-fields}.ts",
      "kubernetes/{answer,backoff,resources}.ts",
      "live/{difference,field-owners,hashed-template,labels,start}.ts",
      "live/traffic/{share,gateway/attachment,gateway/mode}.ts",
      "probe/{mask,plan}.ts",
    ],
    tests: ["tests/{border,kubernetes,live,probe,cutoff}/**/*.test.ts"],
  },
  {
    name: "policies",
    files: ["policies/{rules,engine}/**/!(examples|pod-spec|program).ts"],
    tests: ["tests/policies/**/*.test.ts"],
    always: ["tests/policies/examples.test.ts"],
  },
];
