/**
 * Calls a function at each request to end: ^C, `kill`, or a closed terminal, for which the kernel and the shell both send SIGHUP.
 * Until you stop listening, these signals do not end the process by themselves.
 *
 * @returns a function that stops listening
 */
export function onInterrupt(end: () => void): () => void {
  process.on("SIGINT", end).on("SIGTERM", end).on("SIGHUP", end);
  return () => void process.off("SIGINT", end).off("SIGTERM", end).off("SIGHUP", end);
}
