/**
 * pulumi-resource-random, for machines that cannot get the official one: RandomPassword, and nothing else of it. The
 * output `bcryptHash` is left out.
 */
import { randomInt } from "node:crypto";
import type { Provider } from "@pulumi/pulumi/provider/index.js";
import { endWithParent } from "./parent.ts";
import { changed, failures, password, withDefaults } from "./random-password.ts";
import { providerSdk } from "./sdk.ts";

const { provider, rpc } = providerSdk();

const VERSION = "4.21.2";
const SERVED = "random:index/randomPassword:RandomPassword";

type Values = Record<string, unknown>;

function requireServed(urn: string): void {
  if (!urn.includes(SERVED))
    throw new Error(`the sandbox's stand-in for the random provider has no such resource: ${urn}`);
}

/** As the engine's wire format marks it, so that state and output hold it encrypted. */
function secret(value: unknown): Values {
  return { [rpc.specialSigKey]: rpc.specialSecretSig, value };
}

const random: Provider = {
  version: VERSION,
  schema: JSON.stringify({ name: "random", version: VERSION }),
  async check(urn, _olds: Values, news: Values) {
    requireServed(urn);
    const inputs = withDefaults(news);
    return { inputs: { ...inputs }, failures: failures(inputs) };
  },
  async diff(_id, _urn, olds: Values, news: Values) {
    const replaces = changed(withDefaults(olds), withDefaults(news));
    return { changes: replaces.length > 0, replaces };
  },
  async create(urn, inputs: Values) {
    requireServed(urn);
    return { id: "none", outs: { ...inputs, result: secret(password(withDefaults(inputs), (n) => randomInt(n))) } };
  },
  // Nothing outside the state remembers a password. An import names the password itself as the id.
  async read(id, _urn, props?: Values) {
    const { result, ...inputs } = props ?? {};
    const value = typeof result === "string" ? result : id;
    const known = withDefaults({ length: value.length, ...inputs });
    return { id: "none", props: { ...known, result: secret(value) }, inputs: { ...known } };
  },
  async delete() {},
};

endWithParent(() => process.exit(1));
await provider.main(random, process.argv.slice(2));
