/**
 * Ends the program with one sentence where an older Node runs it: without this file that Node says `Unknown file extension ".ts"`.
 * `Pulumi.yaml` has it run first (`nodeargs`). It is CommonJS, so that any Node can run it.
 */
if (!process.features.typescript) {
  console.error(
    `gray-release needs Node.js 22.18 or newer, which runs TypeScript, but node on PATH is ${process.version} (${process.execPath}): install Node.js 24, or put node_modules/.bin of the checkout, where npm install puts one for Linux on x64, first on PATH.`,
  );
  // The exit code by which Pulumi's SDK tells the language host that the user knows already what went wrong.
  process.exit(32);
}
