/**
 * Run to completion. A transition changes fields and queues effects; the effects run in order when the outermost
 * transition is over, and the streams are flushed after them. Foreign code (a factory, `connect`, `close`, a hook, a
 * subscriber, an abort listener) is only called by effects and by the flush: it finds whole fields, and may call the
 * pool.
 */
export class Turns {
  #effects: (() => void)[] = [];
  #depth = 0;
  #isRunning = false;
  #isFlushing = false;
  #flushIsDue = false;
  readonly #flush: () => void;

  /** @param flush - shows subscribers what has changed. Runs once for all changes made before it begins. */
  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** Runs a transition, as part of the one under way if there is one. */
  run<T>(transition: () => T): T {
    this.begin();
    try {
      return transition();
    } finally {
      this.end();
    }
  }

  /** Begins what `run` runs: changes of state are the most frequent transitions, and allocate no function this way. */
  begin(): void {
    this.#depth++;
    transitions.open++;
  }

  /** Ends what `begin` has begun; to be called whatever is thrown. */
  end(): void {
    transitions.open--;
    this.#depth--;
    this.#settle();
  }

  /** Queues an effect: runs it after the transition under way, or at once if there is none. */
  after(effect: () => void): void {
    this.#effects.push(effect);
    this.#settle();
  }

  /** Asks for a flush, after the transition and the effects under way. */
  requestFlush(): void {
    this.#flushIsDue = true;
    this.#settle();
  }

  /** Whether changes are still to be shown: the flush under way is not the last. */
  get isFlushDue(): boolean {
    return this.#flushIsDue;
  }

  /** Gives a new subscriber its first value, as a flush does: what the subscriber changes is shown afterwards. */
  replay(emit: () => void): void {
    const isNested = this.#isFlushing;
    this.#isFlushing = true;
    try {
      emit();
    } finally {
      this.#isFlushing = isNested;
      this.#settle();
    }
  }

  /**
   * Effects and flushes of nested calls are taken up by the loops under way, so that no number of nested calls grows
   * the stack. A call from within a flush runs its own effects before it returns: its dials start within the call.
   */
  #settle(): void {
    if (this.#depth > 0 || this.#isRunning) return;
    this.#isRunning = true;
    try {
      this.#runEffects();
    } finally {
      this.#isRunning = false;
    }
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      while (this.#flushIsDue) {
        this.#flushIsDue = false;
        this.#flush();
      }
    } finally {
      this.#isFlushing = false;
    }
  }

  #runEffects(): void {
    while (this.#effects.length > 0) {
      const effects = this.#effects;
      this.#effects = [];
      for (const effect of effects) effect();
    }
  }
}

/** How many transitions are open, in all pools together. */
const transitions = { open: 0 };

/**
 * Throws when it is called within a transition. The test kit calls it wherever a pool calls a connection.
 */
export function assertNoTransition(call: string): void {
  if (transitions.open > 0) throw new Error(`${call} was called within a transition of a pool`);
}
