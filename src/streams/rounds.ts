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
  /** How many rounds have been asked for. */
  asked = 0;
  /** Which of them is being run, or was run last. */
  current = 0;
  #queue: (() => void)[] = [];
  #held = false;
  #replaying = false;

  /** Whether somebody is being told something, or has yet to be. */
  get busy(): boolean {
    return this.emitting || this.#replaying || this.#queue.length > 0;
  }

  /** Emits now, or after what is under way. */
  run(round: () => void): void {
    this.asked++;
    this.#queue.push(round);
    this.#drain();
  }

  /** Does something without emitting meanwhile; what it asked to emit follows. */
  hold<T>(work: () => T): T {
    const taken = this.take();
    try {
      return work();
    } finally {
      if (taken) this.letGo();
    }
  }

  /** Begins to hold emissions back, unless somebody does already: who gets `true` has to let go. */
  take(): boolean {
    if (this.#held) return false;
    this.#held = true;
    return true;
  }

  letGo(): void {
    this.#held = false;
    this.#drain();
    if (!this.emitting) this.epoch++;
  }

  /** Tells one subscriber where things stand; what it causes follows. */
  replay(tell: () => void): void {
    const before = this.#replaying;
    this.hold(() => {
      this.#replaying = true;
      try {
        tell();
      } finally {
        this.#replaying = before;
      }
    });
  }

  #drain(): void {
    if (this.#held || this.emitting || this.#queue.length === 0) return;
    this.emitting = true;
    try {
      while (this.#queue.length > 0) {
        const rounds = this.#queue;
        this.#queue = [];
        for (const round of rounds) {
          this.current++;
          round();
        }
      }
    } finally {
      this.emitting = false;
      this.epoch++;
    }
  }
}
