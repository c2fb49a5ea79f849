/** Lets so many turns of the event loop pass, and no more. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Short of the time that jest gives a test: a test that fails by itself cleans up, and says at what. */
const PATIENCE = 10_000;
/** Looks at every turn, and then ever so often: somebody else may need the processor for it to become so. */
const EAGER_LOOKS = 1000;

/** Resolves once `condition` holds; rejects, naming it, when it does not for a long time. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  for (let looks = 0; !condition(); looks++) {
    if (performance.now() > deadline) throw new Error(`Still not so: ${condition}`);
    await (looks < EAGER_LOOKS ? turns(1) : new Promise((resolve) => setTimeout(resolve, 2)));
  }
}
