import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { openRollout } from "../../gate/open.ts";
import { web } from "../fake/web.ts";
import { World } from "../fake/world.ts";

describe("a value that the state of a stack holds", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(() => world.stop());

  it("ends the run with the error of an alias that fails", async () => {
    const program = async () => {
      const aliases = [pulumi.output(Promise.reject(new Error("the former name is broken"))) as pulumi.Output<never>];
      await openRollout("web", web("a"), { aliases });
      return {};
    };
    await assert.rejects(
      Promise.race([world.up("test", program), setTimeout(4000, "it hangs")]),
      /the former name is broken/,
    );
  });
});
