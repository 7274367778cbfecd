/**
 * Does something in a hook that may take long. The first ^C ends its wait, not the program: Pulumi's language host passes it on to the
 * program (SIGINT), which would end at once, and people would read `rpc error … EOF` in place of what is so. The host kills it 5 s later.
 *
 * @param work ends soon after its signal is aborted, in an error or because it is done
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
