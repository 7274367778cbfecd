/**
 * Calls a function each time the command is asked to end: by ^C, by `kill`, or because its terminal closes, for which the kernel and
 * the shell both send SIGHUP. While it listens, no such signal ends the process by itself.
 *
 * @returns stops listening
 */
export function onInterrupt(end: () => void): () => void {
  process.on("SIGINT", end).on("SIGTERM", end).on("SIGHUP", end);
  return () => void process.off("SIGINT", end).off("SIGTERM", end).off("SIGHUP", end);
}
