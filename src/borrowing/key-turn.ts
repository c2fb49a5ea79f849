/** How many keys without a connection a pass asks for before it may skip others. */
const ASKED_ALWAYS = 64;

/** The most passes for which a key is skipped after a miss. The number doubles with each miss. */
const MOST_PASSES = 64;

/** The waiters of one key. */
export class KeyTurn {
  /** How many waiters there are. */
  size = 0;
  /** The latest pass in which the key got nothing. */
  #missedIn = 0;
  /** How often the key got nothing since its last connection. */
  #misses = 0;

  /** Whether an earlier waiter of the key got nothing in this pass, so that a later one must not be served. */
  hasMissed(pass: number): boolean {
    return this.#missedIn === pass;
  }

  /** Whether a pass that has already asked for many keys skips this one. */
  isSkipped(pass: number, asked: number): boolean {
    return asked >= ASKED_ALWAYS && pass - this.#missedIn < Math.min(2 ** this.#misses, MOST_PASSES);
  }

  missed(pass: number): void {
    this.#missedIn = pass;
    this.#misses++;
  }

  served(): void {
    this.#misses = 0;
  }
}
