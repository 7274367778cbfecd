/** The public API of the package `gray-release`, for your own Pulumi program. */
export type { AccessArgs } from "./components/access.ts";
export { CanaryService, type CanaryServiceArgs } from "./components/canary-service.ts";
export type { Check } from "./components/check.ts";
export { type FileSet, type Files, file, filesIn } from "./components/config-files.ts";
export { defaults } from "./components/defaults.ts";
export type { GatewayArgs, GatewayRef, RouteArgs } from "./components/gateway.ts";
export type { StackState } from "./components/history.ts";
export { type LogAgentArgs, logAgent } from "./components/log-agent.ts";
export type { PlanArgs } from "./components/plan.ts";
export type { ProviderOptions } from "./components/provider.ts";
export type { Container, PodSpec, PodTemplate, Release, ReleaseArgs } from "./components/release.ts";
export type { RolloutContext } from "./components/rollout-context.ts";
export type { Rule, Value } from "./components/rule.ts";
export type { IngressArgs, Port, ServiceArgs } from "./components/service-args.ts";
export type { Track, Traffic } from "./components/traffic.ts";
export { UserError } from "./components/user-error.ts";
export { openRollout } from "./gate/open.ts";
