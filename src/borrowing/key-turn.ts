/** How many keys a pass asks for in vain before it may leave others out. */
const ASKED_ALWAYS = 64;

/** A key is asked for again at most so many passes after its latest miss. The number doubles with each miss. */
const MOST_PASSES = 64;

/** The waiters of one key. */
export class KeyTurn {
  /** How many wait. */
  size = 0;
  /** The latest pass in which it got nothing. */
  #missedIn = 0;
  /** How often it got nothing since it last got a connection. */
  #misses = 0;

  /** Whether a later waiter of the same key must not be served in a pass, because an earlier one was not. */
  hasMissed(pass: number): boolean {
    return this.#missedIn === pass;
  }

  /** Whether a pass that has asked for many keys already leaves this one out. */
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
