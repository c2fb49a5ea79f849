/**
 * Run to completion. A transition changes fields and queues effects. When the outermost transition is over, the effects
 * run in order, and then the streams are flushed. Foreign code (a factory, `connect`, `close`, a hook, a subscriber, an
 * abort listener) is called only by effects and by the flush. So it finds consistent fields, and may call the pool.
 */
export class Turns {
  #effects: (() => void)[] = [];
  #depth = 0;
  #isRunning = false;
  #isFlushing = false;
  #flushIsDue = false;
  readonly #flush: () => void;

  /** @param flush - emits to subscribers what has changed. Runs once for all changes made before it begins. */
  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** Runs a transition, within the current one if there is one. */
  run<T>(transition: () => T): T {
    this.begin();
    try {
      return transition();
    } finally {
      this.end();
    }
  }

  /** Begins a transition like `run`, but without a function: changes of state are the most frequent transitions. */
  begin(): void {
    this.#depth++;
    transitions.open++;
  }

  /** Ends a transition after `begin`. Call it in any case, also after an error. */
  end(): void {
    transitions.open--;
    this.#depth--;
    this.#settle();
  }

  /** Queues an effect until the current transition is over; without a transition it runs at once. */
  after(effect: () => void): void {
    this.#effects.push(effect);
    this.#settle();
  }

  /** Requests a flush after the current transition and effects. */
  requestFlush(): void {
    this.#flushIsDue = true;
    this.#settle();
  }

  /** Whether changes are still to be shown, so that another flush follows the current one. */
  get isFlushDue(): boolean {
    return this.#flushIsDue;
  }

  /** Gives a new subscriber its first value, like a flush: changes that the subscriber makes are shown afterwards. */
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
   * The outermost loops take up the effects and flushes of nested calls, so that nesting does not grow the stack. A
   * call from within a flush runs its own effects before it returns: its dials start within the call.
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

/** The number of open transitions in all pools. */
const transitions = { open: 0 };

/** Throws within a transition. The test kit calls it wherever a pool calls a connection. */
export function assertNoTransition(call: string): void {
  if (transitions.open > 0) throw new Error(`${call} was called within a transition of a pool`);
}
