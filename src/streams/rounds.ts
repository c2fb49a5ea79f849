/**
 * Run to completion: emissions asked for while others are under way, or while somebody holds them back, wait
 * their turn. So the fields are changed first, every subscriber sees the same order, and no depth of nested
 * calls grows the stack.
 */
export class Rounds {
  /** Whether subscribers are being told something right now. */
  emitting = false;
  /** Counts the times that everybody had been told everything. */
  epoch = 1;
  #queue: (() => void)[] = [];
  #held = false;

  /** Whether somebody has yet to be told something. */
  get busy(): boolean {
    return this.emitting || this.#queue.length > 0;
  }

  /** Emits now, or after what is under way. */
  run(round: () => void): void {
    this.#queue.push(round);
    this.#drain();
  }

  /** Does something without emitting meanwhile; what it asked to emit follows. */
  hold<T>(work: () => T): T {
    if (this.#held) return work();
    this.#held = true;
    try {
      return work();
    } finally {
      this.#held = false;
      this.#drain();
    }
  }

  #drain(): void {
    if (this.#held || this.emitting || this.#queue.length === 0) return;
    this.emitting = true;
    try {
      while (this.#queue.length > 0) {
        const rounds = this.#queue;
        this.#queue = [];
        for (const round of rounds) round();
      }
    } finally {
      this.emitting = false;
      this.epoch++;
    }
  }
}
