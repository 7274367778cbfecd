import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { UserError } from "../../components/user-error.ts";
import { ApiError } from "../../kubernetes/api-error.ts";
import type { Cluster } from "../../kubernetes/cluster.ts";
import type { LeaseObject } from "../../kubernetes/objects/lease.ts";
import type { Clock } from "../../rollout/clock.ts";
import { Lease } from "../../rollout/lease.ts";
import { FakeClock } from "../fake/clock.ts";
import { counted, runs } from "../long.ts";

/** The faults of one driver, in seconds; a stop that never ends is its death. */
interface Fault {
  readonly at: number;
  readonly driver: number;
  readonly kind: "stop" | "cut-off" | "slow" | "release";
  readonly lasts: number;
}

const drivers = 3;
const duration = 120;

const faults = fc.array(
  fc.record<Fault>({
    at: fc.integer({ min: 0, max: duration }),
    driver: fc.nat({ max: drivers - 1 }),
    kind: fc.constantFrom("stop", "cut-off", "slow", "release"),
    lasts: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(Number.POSITIVE_INFINITY)),
  }),
  { maxLength: 16 },
);
/** The delays of requests and answers, in seconds, one after the other. */
const delays = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));

/** One API server with one object, and a clock that all drivers share. */
class Site {
  readonly time = new FakeClock();
  object: (LeaseObject & { metadata: { resourceVersion: string } }) | undefined;
  cutovers = 0;
  private version = 0;

  write(body: LeaseObject, making: boolean): LeaseObject {
    const found = this.object;
    if (!making && found === undefined) throw new ApiError(404, "not found");
    if (making ? found : body.metadata.resourceVersion !== found?.metadata.resourceVersion) {
      throw new ApiError(409, "conflict");
    }
    const was = found?.spec?.holderIdentity;
    if (body.spec?.holderIdentity !== was && was !== undefined) this.cutovers++;
    this.object = structuredClone({ ...body, metadata: { ...body.metadata, resourceVersion: `${++this.version}` } });
    return structuredClone(this.object);
  }
}

/** A machine with a driver that acquires the lease, and acquires it again after losing it. */
class Driver implements Clock {
  lease: Lease | undefined;
  /** The end of each of them, in milliseconds. */
  readonly until = { stop: 0, "cut-off": 0, slow: 0 };
  private readonly site: Site;
  private readonly delay: () => number;

  constructor(site: Site, delay: () => number) {
    this.site = site;
    this.delay = delay;
  }

  suffer({ kind, lasts }: Fault): void {
    if (kind === "release") void this.lease?.release();
    else this.until[kind] = Math.max(this.until[kind], this.now() + lasts * 1000);
  }

  has(kind: "stop" | "cut-off" | "slow"): boolean {
    return this.now() < this.until[kind];
  }

  async drive(): Promise<void> {
    for (;;) {
      try {
        const of = { api: this.api(), namespace: "shop", service: "web" };
        this.lease = await (this.lease?.lost.aborted ? this.lease.again() : Lease.take(of, () => undefined, this));
      } catch (error) {
        assert.ok(error instanceof UserError, String(error));
      }
      await this.sleep(1000 + this.delay() * 20_000);
      if (this.holds()) await this.sleep(this.delay() * 120_000);
    }
  }

  /** Whether it would run its effects now. The check changes its state, so it is skipped while the driver is stopped. */
  holds(): boolean {
    if (this.has("stop")) return false;
    try {
      this.lease?.assertHeld();
      return this.lease !== undefined;
    } catch {
      return false;
    }
  }

  now(): number {
    return this.site.time.now();
  }

  async sleep(milliseconds: number, background?: AbortSignal): Promise<void> {
    await this.site.time.sleep(milliseconds, background);
    await this.running();
  }

  private async running(): Promise<void> {
    while (this.has("stop")) await this.site.time.sleep(Math.min(this.until.stop - this.now(), 1e9));
  }

  private api(stopping?: AbortSignal): Cluster {
    const ended = new Promise<never>((_, reject) => {
      stopping?.addEventListener("abort", () => reject(stopping.reason));
    });
    ended.catch(() => undefined);
    const call = async <T>(work: () => T): Promise<T> => {
      const arrived = async () => {
        await this.site.time.sleep(this.delay() * (this.has("slow") ? 20_000 : 400));
        if (this.has("cut-off")) throw new UserError("The cluster does not answer.");
      };
      const answer = (async () => {
        await arrived();
        const done = Promise.resolve().then(work);
        await Promise.allSettled([done]);
        await arrived();
        await this.running();
        return done;
      })();
      answer.catch(() => undefined);
      return Promise.race([answer, ended]);
    };
    const api: Pick<Cluster, "get" | "create" | "replace" | "until"> = {
      get: <T>() => call(() => structuredClone(this.site.object) as T),
      create: <T>(_: string, body: object) => call(() => this.site.write(body as LeaseObject, true) as T),
      replace: <T>(_: string, body: object) => call(() => this.site.write(body as LeaseObject, false) as T),
      until: (signal) => this.api(signal),
    };
    return api as Cluster;
  }
}

describe("the lease of a rollout, with drivers that are stopped, killed, cut off or slow", () => {
  let cutovers = 0;

  /** Plays the faults; a callback runs in between. */
  const live = async (plan: readonly Fault[], delay: () => number, each: (all: readonly Driver[]) => void) => {
    const site = new Site();
    const all = Array.from({ length: drivers }, () => new Driver(site, delay));
    for (const driver of all) void driver.drive();
    const settled = async () => {
      each(all);
      await setImmediate();
      each(all);
    };
    for (const fault of plan.toSorted((a, b) => a.at - b.at)) {
      await site.time.pass(fault.at * 1000 - site.time.now(), settled);
      all[fault.driver]?.suffer(fault);
    }
    await site.time.pass(duration * 1000 - site.time.now(), settled);
    cutovers += site.cutovers;
    return { site, all, settled };
  };

  it("is never held by two at once", async function () {
    this.timeout(60_000);
    const draws = counted(80);
    await fc.assert(
      fc.asyncProperty(faults, delays, async (plan, stream) => {
        await live(
          plan,
          () => stream.next().value,
          (all) => {
            assert.ok(all.filter((driver) => driver.holds()).length <= 1);
          },
        );
      }),
      draws,
    );
    assert.ok(cutovers > (draws.numRuns * 3) / 8, `${cutovers} handovers`);
  });

  it("is taken over once all other drivers are dead", async () => {
    await fc.assert(
      fc.asyncProperty(faults, delays, async (plan, stream) => {
        const { site, all, settled } = await live(
          plan,
          () => stream.next().value,
          () => undefined,
        );
        for (const driver of all) driver.until.stop = Number.POSITIVE_INFINITY;
        const heir = new Driver(site, () => 0.1);
        void heir.drive();
        let held = false;
        await site.time.pass(90_000, async () => {
          await settled();
          held ||= heir.holds();
        });
        assert.ok(held);
      }),
      { numRuns: runs(15) },
    );
  });

  it("is not lost by a driver without faults", async () => {
    await fc.assert(
      fc.asyncProperty(delays, async (stream) => {
        const { all } = await live(
          [],
          () => stream.next().value,
          () => undefined,
        );
        assert.ok(all.every(({ lease }) => lease?.lost.aborted !== true));
        assert.ok(all.some((driver) => driver.holds()));
      }),
      { numRuns: runs(5) },
    );
  });
});
