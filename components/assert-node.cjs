/**
 * Stops the program with one clear sentence if Node.js is too old. Without this file, such a Node.js reports only
 * `Unknown file extension ".ts"`. `Pulumi.yaml` loads the file first (`nodeargs`). It is CommonJS, so that every Node.js can run it.
 */
if (!process.features.typescript) {
  console.error(
    `gray-release needs Node.js 22.18 or newer, which runs TypeScript, but node on PATH is ${process.version} (${process.execPath}): install Node.js 24, or put node_modules/.bin of the checkout first on PATH, where npm install adds a suitable node for Linux on x64.`,
  );
  // With this exit code Pulumi's language host reports no second error, because the message is already printed.
  process.exit(32);
}
