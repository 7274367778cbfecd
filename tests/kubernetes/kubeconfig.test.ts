import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../components/user-error.ts";
import type { Access } from "../../kubernetes/access.ts";
import { Unreachable } from "../../kubernetes/api-error.ts";
import { findAccess } from "../../kubernetes/kubeconfig.ts";
import { setEnvironment } from "../fake/environment.ts";

interface Parts {
  current?: string;
  contexts?: Record<string, { cluster: string; user: string }>;
  clusters?: Record<string, object>;
  users?: Record<string, object>;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");
const entries = (field: string, parts: Record<string, object> = {}) =>
  Object.entries(parts).map(([name, value]) => ({ name, [field]: value }));
/** A kubeconfig; JSON is YAML. */
const kubeconfig = ({ current, contexts, clusters, users }: Parts) =>
  `${JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    ...(current !== undefined && { "current-context": current }),
    contexts: entries("context", contexts),
    clusters: entries("cluster", clusters),
    users: entries("user", users),
  })}\n`;
const server = "https://api.example.com:6443";
const one = (user: object = { token: "t" }, cluster: object = { server }): Parts => ({
  current: "one",
  contexts: { one: { cluster: "c", user: "u" } },
  clusters: { c: cluster },
  users: { u: user },
});

describe("finding the cluster", () => {
  let folder: string;
  let restore = () => {};
  const set = (variables: Record<string, string | undefined>) => {
    restore();
    restore = setEnvironment(variables);
  };
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  const find = (parts: Parts, context?: string) => findAccess({ kubeconfig: kubeconfig(parts), context });
  const refused = (sentence: RegExp) => (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, sentence);
    assert.match(error.message, /\.$/);
    return true;
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "gray-kubeconfig-"));
  });
  afterEach(() => {
    restore();
    restore = () => {};
  });
  after(() => rmSync(folder, { recursive: true }));

  it("uses the current context of KUBECONFIG", async () => {
    set({ KUBECONFIG: write("config", kubeconfig(one())) });
    const access = findAccess();
    assert.deepEqual([access.context, access.server.origin], ["one", server]);
    assert.deepEqual(await access.credentials(), { token: "t" });
  });

  it("uses ~/.kube/config if KUBECONFIG is not set", () => {
    write(".kube/config", kubeconfig(one()));
    set({ KUBECONFIG: undefined, HOME: folder });
    assert.equal(findAccess().context, "one");
  });

  it("accepts the path of a kubeconfig, also one that begins with ~", () => {
    const path = write("named", kubeconfig(one()));
    set({ HOME: folder });
    for (const kubeconfig of [path, "~/named"]) assert.equal(findAccess({ kubeconfig }).context, "one");
    assert.throws(
      () => findAccess({ kubeconfig: "~/none" }),
      refused(/^The kubeconfig ~\/none does not exist: correct its path\.$/),
    );
  });

  it("accepts the text of a kubeconfig, also as JSON in one line", async () => {
    for (const text of [kubeconfig(one()).trim(), `  ${kubeconfig(one()).trim()}`, kubeconfig(one())]) {
      const access = findAccess({ kubeconfig: text });
      assert.deepEqual([access.context, access.server.origin], ["one", server]);
      assert.deepEqual(await access.credentials(), { token: "t" });
    }
  });

  it("never shows a token of a kubeconfig that is given as text", () => {
    const token = "very-secret-token";
    const text = kubeconfig(one({ token })).trim();
    for (const [bad, context] of [
      [text, "missing"],
      [text.replace('"current-context":"one"', '"current-context":""'), undefined],
      [text.replace(server, "no address"), undefined],
      [text.slice(0, -1), undefined],
      [text.replace(`"${token}"`, `["${token}"]`), undefined],
    ] as const) {
      assert.throws(
        () => findAccess({ kubeconfig: bad, context }),
        (error) => refused(/^The kubeconfig given as text /)(error) && !(error as Error).message.includes(token),
      );
    }
  });

  it("uses the context that is chosen", () => {
    const two = {
      ...one(),
      contexts: { one: { cluster: "c", user: "u" }, two: { cluster: "d", user: "u" } },
      clusters: { c: { server }, d: { server: "https://other:6443" } },
    };
    assert.equal(findAccess({ kubeconfig: kubeconfig(two), cluster: "d" }).server.hostname, "other");
    assert.equal(find(two, "two").server.hostname, "other");
  });

  it("lets a user act as another, with all that kubectl sends", () => {
    const impersonation = (user: object) => find(one({ token: "t", ...user })).impersonation;
    assert.deepEqual(
      impersonation({
        as: "ops",
        "as-uid": "7",
        "as-groups": ["release", "view"],
        "as-user-extra": { "example.com/team": ["a", "b"] },
      }),
      {
        "impersonate-user": "ops",
        "impersonate-uid": "7",
        "impersonate-group": ["release", "view"],
        "impersonate-extra-example.com%2Fteam": ["a", "b"],
      },
    );
    assert.deepEqual(impersonation({ as: "ops", "as-groups": null }), { "impersonate-user": "ops" });
    assert.equal(impersonation({ as: "", "as-groups": [], "as-user-extra": {} }), undefined);
  });

  it("is anonymous where a context has no user, or an empty one, as kubectl is", async () => {
    const contexts = { one: { cluster: "c" } } as unknown as NonNullable<Parts["contexts"]>;
    assert.deepEqual(await find({ ...one(), contexts }).credentials(), {});
    const users = { u: null } as unknown as NonNullable<Parts["users"]>;
    assert.deepEqual(await find({ ...one(), users }).credentials(), {});
  });

  it("is not disturbed by other contexts, whatever is wrong with them, their clusters or their users", async () => {
    const parts = one();
    const odd = {
      contexts: { ...parts.contexts, two: { cluster: "none" }, three: null },
      clusters: { ...parts.clusters, empty: { server: "" }, three: null, four: { server: 4 } },
      users: { ...parts.users, basic: { username: "me", password: "secret" }, three: null, four: { exec: {} } },
    } as unknown as Parts;
    assert.deepEqual(await find({ ...parts, ...odd }).credentials(), { token: "t" });
    assert.throws(
      () => find({ ...parts, ...odd }, "three"),
      refused(/has the context "three", which cannot be understood/),
    );
  });

  it("merges several files: for each entry the first file that has it wins", async () => {
    const first = write(
      "first",
      kubeconfig({ contexts: { one: { cluster: "c", user: "u" } }, users: { u: { token: "1" } } }),
    );
    const second = write("second", kubeconfig(one({ token: "2" })));
    set({ KUBECONFIG: [first, join(folder, "missing"), second].join(delimiter) });
    const access = findAccess();
    assert.equal(access.context, "one");
    assert.deepEqual(await access.credentials(), { token: "1" });
  });

  it("resolves the paths in a kubeconfig against its folder", async () => {
    write("keys/ca.crt", "the CA");
    write("keys/me.crt", "my certificate");
    write("keys/me.key", "my key");
    write("keys/token", "a token\n");
    set({
      KUBECONFIG: write(
        "keys/config",
        kubeconfig(
          one(
            { "client-certificate": "me.crt", "client-key": "./me.key", tokenFile: "token" },
            { server, "certificate-authority": "ca.crt" },
          ),
        ),
      ),
    });
    const access = findAccess();
    assert.equal(access.ca, "the CA");
    assert.deepEqual(await access.credentials(), { token: "a token", certificate: "my certificate", key: "my key" });
  });

  it("reads a token file again for each request, because tokens are renewed", async () => {
    const tokenFile = write("token", "old");
    const { credentials } = find(one({ tokenFile }));
    assert.deepEqual(await credentials(), { token: "old" });
    write("token", "new");
    assert.deepEqual(await credentials(), { token: "new" });
  });

  it("decodes certificates and keys that the kubeconfig holds", async () => {
    const access = find(
      one(
        { "client-certificate-data": base64("cert"), "client-key-data": base64("key") },
        { server, "certificate-authority-data": base64("ca"), "tls-server-name": "kubernetes" },
      ),
    );
    assert.deepEqual([access.ca, access.serverName, access.skipTlsVerify], ["ca", "kubernetes", false]);
    assert.deepEqual(await access.credentials(), { certificate: "cert", key: "key" });
  });

  it("accepts any certificate only with insecure-skip-tls-verify", () => {
    assert.equal(find(one({}, { server, "insecure-skip-tls-verify": true })).skipTlsVerify, true);
  });

  describe("with a credential plugin", () => {
    /** A plugin that answers with what its argument says and counts its calls in a file. */
    const plugin = (status: object, extra: object = {}, cluster: object = {}) => {
      const calls = join(folder, `calls-${Math.random()}`);
      const script = [
        `require("fs").appendFileSync(${JSON.stringify(calls)}, process.env.KUBERNETES_EXEC_INFO + "\\n");`,
        `console.log(JSON.stringify({ status: { ...${JSON.stringify(status)}, ...(process.env.EXTRA && { token: process.env.EXTRA }) } }));`,
      ].join("");
      const exec = {
        apiVersion: "client.authentication.k8s.io/v1",
        command: process.execPath,
        args: ["-e", script],
        ...extra,
      };
      return { access: find(one({ exec }, { server, "certificate-authority-data": base64("ca"), ...cluster })), calls };
    };
    const asked = async (path: string) =>
      readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));

    it("uses its token, and runs it once until the token expires", async () => {
      const { access, calls } = plugin({ token: "fresh" });
      assert.equal((await access.credentials()).token, "fresh");
      assert.equal((await access.credentials()).token, "fresh");
      const [info, ...more] = await asked(calls);
      assert.deepEqual([info.kind, info.spec.interactive, more.length], ["ExecCredential", false, 0]);
      assert.equal(info.spec.cluster, undefined);
    });

    it("runs it once for two requests at the same time", async () => {
      const { access, calls } = plugin({ token: "fresh" });
      await Promise.all([access.credentials(), access.credentials()]);
      assert.equal((await asked(calls)).length, 1);
    });

    it("runs it again when the token has expired", async () => {
      const { access, calls } = plugin({
        token: "short",
        expirationTimestamp: new Date(Date.now() + 5_000).toISOString(),
      });
      await access.credentials();
      await access.credentials();
      assert.equal((await asked(calls)).length, 2);
    });

    it("uses its client certificate", async () => {
      const { access } = plugin({ clientCertificateData: "cert", clientKeyData: "key" });
      const { certificate, key } = await access.credentials();
      assert.deepEqual([certificate, key], ["cert", "key"]);
    });

    it("passes its variables, and the cluster if provideClusterInfo is set", async () => {
      const { access, calls } = plugin({}, { env: [{ name: "EXTRA", value: "from env" }], provideClusterInfo: true });
      assert.equal((await access.credentials()).token, "from env");
      const [info] = await asked(calls);
      assert.deepEqual(info.spec.cluster, { server, "certificate-authority-data": base64("ca") });
    });

    it("passes all that the cluster's entry has for it", async () => {
      const fields = { "tls-server-name": "kubernetes", "insecure-skip-tls-verify": false };
      const extensions = [
        { name: "minikube", extension: { provider: "x" } },
        { name: "client.authentication.k8s.io/exec", extension: { region: "eu" } },
      ];
      const { access, calls } = plugin({ token: "t" }, { provideClusterInfo: true }, { ...fields, extensions });
      await access.credentials();
      const [info] = await asked(calls);
      assert.deepEqual(info.spec.cluster, {
        server,
        ...fields,
        "certificate-authority-data": base64("ca"),
        config: { region: "eu" },
      });
    });

    it("names the plugin that gave no credentials, and advises to log in", async () => {
      const failing = (exec: object) =>
        find(one({ exec: { apiVersion: "v1", command: process.execPath, ...exec } })).credentials();
      const sentence = refused(
        /^The credential plugin .* of the kubeconfig gave no credentials \(.*\): log in again, or run it by hand/,
      );
      await assert.rejects(failing({ args: ["-e", "process.exit(1)"] }), sentence);
      await assert.rejects(failing({ args: ["-e", "console.log('no json')"] }), sentence);
      await assert.rejects(failing({ command: "gray-no-such-plugin" }), sentence);
    });

    it("runs it again after it failed", async () => {
      const flag = join(folder, "logged-in");
      const script = `const { existsSync } = require("fs"); if (!existsSync(${JSON.stringify(flag)})) process.exit(1); console.log('{"status":{"token":"t"}}')`;
      const { credentials } = find(
        one({ exec: { apiVersion: "v1", command: process.execPath, args: ["-e", script] } }),
      );
      await assert.rejects(credentials());
      write("logged-in", "");
      assert.equal((await credentials()).token, "t");
    });

    it("runs it again if its current credentials were refused, not if earlier ones were", async () => {
      const { access, calls } = plugin({ token: "fresh" });
      const refused = await access.credentials();
      assert.equal(access.renew(refused), true);
      await access.credentials();
      access.renew(refused);
      await access.credentials();
      assert.equal((await asked(calls)).length, 2);
    });

    describe("that hangs", () => {
      /** One that notes its pid, starts another process, and waits for ever. */
      const hanging = (limit: number) => {
        const pids = join(folder, `pids-${Math.random()}`);
        const script = [
          'const { appendFileSync } = require("fs");',
          `const note = (pid) => appendFileSync(${JSON.stringify(pids)}, pid + "\\n");`,
          'const child = require("child_process").spawn("sleep", ["1000"]); note(child.pid); note(process.pid);',
          "setInterval(() => {}, 1000);",
        ].join("");
        const exec = { apiVersion: "v1", command: process.execPath, args: ["-e", script] };
        const access = findAccess({ kubeconfig: kubeconfig(one({ exec })), pluginLimit: limit });
        const started = async () => {
          for (;;) {
            const text = existsSync(pids) ? readFileSync(pids, "utf8") : "";
            if (text.split("\n").length > 2) return text.trim().split("\n").map(Number);
            await sleep(10);
          }
        };
        return { access, started };
      };
      const isGone = async (pids: readonly number[]) => {
        for (const pid of pids) {
          while (isAlive(pid)) await sleep(10);
        }
      };
      const isAlive = (pid: number) => {
        try {
          return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
        } catch {
          return false;
        }
      };

      it("is killed with its child processes after the time limit, with a message", async () => {
        const { access, started } = hanging(1500);
        const asking = access.credentials();
        asking.catch(() => {});
        const pids = await started();
        await assert.rejects(asking, (error) => {
          assert.ok(error instanceof Unreachable);
          return refused(/ gave no credentials \(no answer within 1\.5 s\): log in again/)(error);
        });
        await isGone(pids);
      });

      it("is killed when the last request that waits for it is aborted", async () => {
        const { access, started } = hanging(100_000);
        const [one, other] = [new AbortController(), new AbortController()];
        const [first, second] = [access.credentials(one.signal), access.credentials(other.signal)];
        for (const each of [first, second]) each.catch(() => {});
        const pids = await started();
        one.abort(new Error("enough"));
        await assert.rejects(first, /^Error: enough$/);
        assert.ok(pids.every(isAlive));
        other.abort(new Error("enough too"));
        await assert.rejects(second, /^Error: enough too$/);
        await isGone(pids);
      });

      it("is not started for a request that is aborted already", async () => {
        const { access } = hanging(100_000);
        await assert.rejects(access.credentials(AbortSignal.abort(new Error("over"))), /^Error: over$/);
      });
    });

    it("cannot read from the terminal", async () => {
      const script = `process.stdin.on("data", () => {}).on("end", () => console.log('{"status":{"token":"t"}}'))`;
      const { credentials } = find(
        one({ exec: { apiVersion: "v1", command: process.execPath, args: ["-e", script] } }),
      );
      assert.equal((await credentials()).token, "t");
    });

    it("shows nothing of its output", async () => {
      const script = "console.log('secret-token')";
      const { credentials } = find(
        one({ exec: { apiVersion: "v1", command: process.execPath, args: ["-e", script] } }),
      );
      await assert.rejects(credentials(), (error: Error) => !error.message.includes("secret-token"));
    });
  });

  describe("refuses", () => {
    const refusals: [what: string, find: () => Access, sentence: RegExp][] = [
      [
        "no current context",
        () => find({ ...one(), current: "" }),
        /has no current-context: choose one with kubectl config use-context\./,
      ],
      ["a context that is not there", () => find(one(), "two"), /has no entry "two" under contexts/],
      ["a context without its cluster", () => find({ ...one(), clusters: {} }), /has no entry "c" under clusters/],
      ["a context without its user", () => find({ ...one(), users: {} }), /has no entry "u" under users/],
      [
        "a proxy",
        () => find(one({}, { server, "proxy-url": "http://proxy" })),
        /has a proxy-url, which is not supported/,
      ],
      ["a server that is no address", () => find(one({}, { server: "nonsense" })), /cannot be understood \(.*server/],
      [
        "a password, which would be left out",
        () => find(one({ username: "me", password: "secret" })),
        /has the user "u", which cannot be understood \(username: is not supported: use a token, .*; password: is not/,
      ],
      [
        "an auth-provider, which kubectl has not any more",
        () => find(one({ token: "t", "auth-provider": { name: "gcp" } })),
        /\(auth-provider: is not supported: use the exec plugin that has taken its place\)/,
      ],
      [
        "groups to act in without a user to act as",
        () => find(one({ token: "t", "as-groups": ["release"] })),
        /has a user with as-uid, as-groups or as-user-extra, and without as: add the user to act as\./,
      ],
      ["a file that is no YAML", () => findAccess({ kubeconfig: write("bad", "a: [") }), /bad cannot be understood/],
      ["a file that is a list", () => findAccess({ kubeconfig: write("list", "- 1") }), /list cannot be understood/],
      ["an empty file", () => findAccess({ kubeconfig: write("empty", "") }), /empty cannot be understood/],
      [
        "a path that is not there",
        () => findAccess({ kubeconfig: join(folder, "none") }),
        /none does not exist: correct its path/,
      ],
      [
        "a CA file that is not there",
        () => find(one({}, { server, "certificate-authority": "/none/ca.crt" })),
        /\/none\/ca\.crt/,
      ],
      ["a key file that is not there", () => find(one({ "client-key": "/none/me.key" })), /\/none\/me\.key/],
    ];
    for (const [what, attempt, sentence] of refusals) {
      it(`${what}, in one sentence`, () => {
        assert.throws(attempt, refused(sentence));
      });
    }

    it("a machine without a cluster, and names the sandbox", () => {
      set({ KUBECONFIG: undefined, KUBERNETES_SERVICE_HOST: undefined, HOME: join(folder, "nobody") });
      assert.throws(
        () => findAccess(),
        refused(/^No cluster was found: set KUBECONFIG to the path of your kubeconfig, or, in a checkout/),
      );
    });

    it("a token file that does not exist, in one sentence", async () => {
      await assert.rejects(find(one({ tokenFile: "/none/token" })).credentials(), refused(/\/none\/token/));
    });
  });
});
