/** Waits for exactly this many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Shorter than the timeout of jest, so that the test fails with the name of the condition and cleans up. */
const PATIENCE = 10_000;
/** Polls at this many turns first, then every 2 ms: other threads and processes may need the processor. */
const EAGER_LOOKS = 1000;

/** Resolves once `condition` holds; rejects, naming it, when it does not for a long time. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  for (let looks = 0; !condition(); looks++) {
    if (performance.now() > deadline) throw new Error(`Still not so: ${condition}`);
    await (looks < EAGER_LOOKS ? turns(1) : new Promise((resolve) => setTimeout(resolve, 2)));
  }
}
