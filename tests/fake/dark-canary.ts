import { request as forward, type IncomingMessage, type RequestListener } from "node:http";
import { text } from "node:stream/consumers";
import type { ServiceArgs } from "../../components/service-args.ts";
import type { RouteArgs } from "../../components/traffic/gateway/args.ts";
import { connect } from "../../kubernetes/client.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { WebServer } from "../analysis/server.ts";
import { canary } from "./web.ts";
import { once, World } from "./world.ts";

/** What RandomPassword gives in the engine that tests run programs in. */
export const token = "s3cret";
export const host = "web.example.com";

const runs = once((world, changes: Partial<ServiceArgs>) => world.up("canary", canary("a", changes)));

/** A request as canary gets it. */
export interface Got {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/**
 * Release A of web on canary at weight 0: its pods, a gateway that lets the token in, and an API server that passes requests
 * on to pods. What the pods answer is up to the test.
 */
export class DarkCanary {
  readonly world: World;
  readonly gateway: WebServer;
  /** Of the API server, with its proxy to pods. */
  readonly kubeconfig: string;
  readonly cluster: Cluster;
  /** What came through to canary. */
  readonly got: Got[] = [];
  /** How canary answers. @default 200 and its track */
  answer: (got: Got, response: Parameters<RequestListener>[1]) => void = (_, response) => {
    response.setHeader("content-type", "application/json").end('{"track":"canary"}');
  };
  readonly #servers: readonly WebServer[];

  private constructor(world: World, pods: WebServer, gateway: WebServer, server: WebServer) {
    this.world = world;
    this.gateway = gateway;
    this.#servers = [pods, gateway, server];
    pods.answer = async (request, response) => {
      const { method = "", url = "", headers } = request;
      const got = { method, url, headers, body: await text(request) };
      this.got.push(got);
      this.answer(got, response);
    };
    gateway.answer = (request, response) => {
      if (request.headers.host !== host) response.writeHead(404).end("no such host");
      else if (request.headers["x-gray-token"] !== token) response.end('{"track":"stable"}');
      else pass(request, response, pods.url, request.url ?? "", request.headers);
    };
    server.answer = (request, response) => {
      const [, pod = "", path] = /\/pods\/([^/:]+):8080\/proxy(\/.*)$/.exec(request.url ?? "") ?? [];
      const known = world.api.objects.has(`/api/v1/namespaces/dora-apps/pods/${pod}`);
      const { authorization: _, ...headers } = request.headers;
      if (path === undefined || !known) pass(request, response, world.api.url, request.url ?? "", request.headers);
      else pass(request, response, pods.url, path, headers, (request.url ?? "").slice(0, -path.length));
    };
    this.kubeconfig = world.api.kubeconfig.replace(world.api.url, server.url);
    this.cluster = connect(findAccess({ kubeconfig: this.kubeconfig }));
  }

  static async start(): Promise<DarkCanary> {
    const world = await World.start();
    const servers = [await WebServer.start(), await WebServer.start(), await WebServer.start()] as const;
    return new DarkCanary(world, ...servers);
  }

  /** Deploys it, with these changes. @param route of the gateway; without one traffic is by number of pods */
  async up(changes: Partial<ServiceArgs> = {}, route?: Partial<RouteArgs>): Promise<void> {
    const { world } = this;
    const gateways = [{ name: "public", namespace: "infra" }];
    const gateway = route && { gateway: { routes: [{ gateways, hostnames: [host], ...route }] } };
    if (route) world.installGateway();
    await runs(world, { weight: 0, ...gateway, ...changes });
    if (route) {
      const { hostname: value, port } = new URL(this.gateway.url);
      world.api.put("/apis/gateway.networking.k8s.io/v1/namespaces/infra/gateways/public", {
        metadata: { name: "public", namespace: "infra" },
        spec: { gatewayClassName: "edge", listeners: [{ name: "http", protocol: "HTTP", port: Number(port) }] },
        status: { addresses: [{ type: "IPAddress", value }] },
      });
      this.say(["Accepted", "True", "Accepted"], ["ResolvedRefs", "True", "ResolvedRefs"]);
    }
  }

  /** What the Gateway says of the route, in this generation or an earlier one. */
  say(...conditions: readonly (readonly [type: string, status: string, reason: string, generation?: number])[]): void {
    const route = this.world.route("web");
    const { parentRefs } = route.spec;
    route.status = {
      parents: parentRefs.map((parentRef: object) => ({
        parentRef,
        conditions: conditions.map(([type, status, reason, observedGeneration = route.metadata.generation]) => ({
          ...{ type, status, reason, observedGeneration },
        })),
      })),
    };
  }

  /** Gives canary a pod, of its Deployment's release unless said otherwise. */
  pod(name: string, { ready = true, release = this.release, terminating = false } = {}): void {
    this.world.api.put(`/api/v1/namespaces/dora-apps/pods/${name}`, {
      metadata: {
        name,
        labels: { app: "web", track: "canary", release },
        ...(terminating && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      },
      spec: { containers: [{ name: "web", ports: [{ name: "http", containerPort: 8080 }] }] },
      status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
    });
  }

  get release(): string {
    return this.world.runs("web-canary");
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) await server.stop();
    await this.world.stop();
  }
}

/** @param proxy what the API server puts before the path of a redirection */
function pass(
  request: IncomingMessage,
  response: Parameters<RequestListener>[1],
  to: string,
  path: string,
  headers: IncomingMessage["headers"],
  proxy = "",
): void {
  const sent = forward(to + path, { method: request.method, headers, agent: false }, (answer) => {
    const { location, ...rest } = answer.headers;
    const moved = location?.startsWith("/") ? proxy + location : location;
    response.writeHead(answer.statusCode ?? 0, { ...rest, ...(moved !== undefined && { location: moved }) });
    answer.on("error", () => response.destroy()).pipe(response);
  });
  sent.on("error", () => response.destroy());
  response.once("close", () => sent.destroy());
  request.pipe(sent);
}
