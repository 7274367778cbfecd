import assert from "node:assert/strict";
import { writeEvent } from "../../kubernetes/event.ts";
import type { DeploymentObject } from "../../kubernetes/objects/deployment.ts";
import { ApiServer } from "../fake/api-server.ts";
import { direct } from "../fake/direct.ts";

describe("an Event", () => {
  let api: ApiServer;
  beforeEach(async () => {
    api = await ApiServer.start();
  });
  afterEach(() => api.stop());
  const on = { metadata: { name: "web", namespace: "dora-apps", uid: "uid-1" } } as DeploymentObject;
  const told = async (message: string): Promise<string> => {
    await writeEvent(direct(api), on, "Warning", "ReleaseJudgedBad", message);
    return [...api.objects.values()].find(({ kind }) => kind === "Event")?.message;
  };

  it("has a message of one line, whatever a pod printed", async () => {
    assert.equal(await told("answered \u001b[31m500\n::error::\u202eno"), "answered 500 ::error:: no");
  });

  for (const [what, text] of [
    ["ASCII", "x"],
    ["three bytes", "\u0800"],
    ["two code units", "\u{1f600}"],
    ["bytes that do not go into the limit evenly", "é\u0800"],
  ] as const) {
    it(`has a message of at most 1024 bytes, of characters of ${what}`, async () => {
      const message = await told(`a ${text.repeat(5000)}`);
      const bytes = Buffer.byteLength(message);
      assert.ok(bytes <= 1024 && bytes > 1014, `${bytes} bytes`);
      assert.match(message, /^a [^\ufffd]+…$/);
      assert.ok(message.isWellFormed());
    });
  }
});
