/**
 * Runs long work in a hook so that ^C aborts the work and not the program. Pulumi's language host forwards ^C as SIGINT, which would end
 * the program at once, and the user would read `rpc error … EOF` instead of the hook's message. The host kills the program 5 s later.
 *
 * @param work must end soon after its signal is aborted, with an error or because it is done
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interrupt = new AbortController();
  const abort = () => interrupt.abort();
  process.on("SIGINT", abort);
  try {
    await work(interrupt.signal);
  } finally {
    process.off("SIGINT", abort);
  }
}
