import { CanaryService } from "../../components/canary-service.ts";
import type { ServiceArgs } from "../../components/service-args.ts";
import { openRollout } from "../../gate/open.ts";
import { serviceArgs } from "../components/fop-gate.ts";

/** What a user of CanaryService writes, for one service or several. */
export const program =
  (...services: [name: string, args: ServiceArgs][]) =>
  async () => {
    const opened = [];
    for (const [name, args] of services) opened.push({ name, args, rollout: await openRollout(name, args) });
    for (const { name, args, rollout } of opened) new CanaryService(name, { ...args, rollout });
    return {};
  };

export const image = (tag: string) => [
  { name: "web", image: `web:${tag}`, readinessProbe: { httpGet: { path: "/", port: 80 } } },
];

const files = (text: string) => ({ config: { files: { "web.conf": text }, mountPath: "/etc/web" } });

/** Release `tag` of web, by the stack of canary, of prod, or of both tracks. */
export const web = (tag: string, changes: Partial<ServiceArgs> = {}) =>
  serviceArgs({ containers: image(tag), configFiles: files(tag), ...changes });
export const canary = (tag: string, changes: Partial<ServiceArgs> = {}) =>
  program(["web", web(tag, { tracks: ["canary"], ...changes })]);
export const prod = (tag: string, changes: Partial<ServiceArgs> = {}) =>
  program(["web", web(tag, { tracks: ["stable"], ...changes })]);
export const both = (tag: string, changes: Partial<ServiceArgs> = {}) => program(["web", web(tag, changes)]);
