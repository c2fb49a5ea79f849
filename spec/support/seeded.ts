/** Numbers in [0, 1) that are the same for the same seed (mulberry32), so that a failure can be reproduced. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `SEED` of the environment, or a random one. */
export const anySeed = (): number => Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
