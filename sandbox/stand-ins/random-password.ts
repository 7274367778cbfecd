/** The inputs of a RandomPassword, and passwords that honour them. Pure but for the randomness handed in. */
export interface PasswordInputs {
  readonly length: number;
  readonly lower: boolean;
  readonly upper: boolean;
  readonly numeric: boolean;
  readonly special: boolean;
  readonly minLower: number;
  readonly minUpper: number;
  readonly minNumeric: number;
  readonly minSpecial: number;
  readonly overrideSpecial: string;
  readonly keepers: Readonly<Record<string, string>>;
}

const DEFAULTS: Omit<PasswordInputs, "length"> = {
  lower: true,
  upper: true,
  numeric: true,
  special: true,
  minLower: 0,
  minUpper: 0,
  minNumeric: 0,
  minSpecial: 0,
  overrideSpecial: "",
  keepers: {},
};

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const NUMERIC = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/** Fills in what was left out; `number` is the old name of `numeric`. */
export function withDefaults(given: Readonly<Record<string, unknown>>): PasswordInputs {
  const named = { ...given, numeric: given.numeric ?? given.number };
  const set = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined && value !== null));
  return { length: Number.NaN, ...DEFAULTS, ...set } as PasswordInputs;
}

/** What is wrong with the inputs: property and reason. */
export function failures(inputs: PasswordInputs): { property: string; reason: string }[] {
  const least = inputs.minLower + inputs.minUpper + inputs.minNumeric + inputs.minSpecial;
  if (!Number.isInteger(inputs.length) || inputs.length < 1) {
    return [{ property: "length", reason: `length (${inputs.length}) must be a whole number of 1 or more` }];
  }
  if (inputs.length < least) {
    return [
      {
        property: "length",
        reason: `length (${inputs.length}) must not be less than the sum of the minima (${least})`,
      },
    ];
  }
  if (!inputs.lower && !inputs.upper && !inputs.numeric && !inputs.special) {
    return [{ property: "special", reason: "at least one of lower, upper, numeric and special must be true" }];
  }
  return [];
}

/** The inputs that differ; any of them means another password, as with the official provider. */
export function changed(olds: PasswordInputs, news: PasswordInputs): string[] {
  const names = ["length", ...Object.keys(DEFAULTS)] as (keyof PasswordInputs)[];
  return names.filter((name) => JSON.stringify(olds[name]) !== JSON.stringify(news[name]));
}

/** `below(n)` is a random whole number from 0 to n - 1. */
export function password(inputs: PasswordInputs, below: (n: number) => number): string {
  const special = inputs.overrideSpecial || SPECIAL;
  const sets: [boolean, string, number][] = [
    [inputs.lower, LOWER, inputs.minLower],
    [inputs.upper, UPPER, inputs.minUpper],
    [inputs.numeric, NUMERIC, inputs.minNumeric],
    [inputs.special, special, inputs.minSpecial],
  ];
  const pick = (set: string) => set.charAt(below(set.length));
  const all = sets.map(([wanted, set]) => (wanted ? set : "")).join("");
  const characters = sets.flatMap(([, set, least]) => Array.from({ length: least }, () => pick(set)));
  while (characters.length < inputs.length) characters.push(pick(all));
  for (let at = characters.length - 1; at > 0; at--) {
    const other = below(at + 1);
    [characters[at], characters[other]] = [characters[other] ?? "", characters[at] ?? ""];
  }
  return characters.join("");
}
