import fc from "fast-check";

/** Number of the code points that are halves of a pair, which begin at 0xd800. */
const surrogates = 0x800;

/** Any code point that can stand alone. As fast-check's unit "binary", whose table takes a second to build in each process. */
export const anyCharacter = fc
  .integer({ min: 0, max: 0x10ffff - surrogates })
  .map((nth) => String.fromCodePoint(nth < 0xd800 ? nth : nth + surrogates));
