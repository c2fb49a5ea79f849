/** The phase of a pool. */
export type LifecyclePhase = 'new' | 'open' | 'closed' | 'disposed';

/** The phase of a pool, and whether a closing has overtaken an operation. */
export class LifecycleState {
  phase: LifecyclePhase = 'new';
  #closings = 0;

  get isClosed(): boolean {
    return this.phase === 'closed' || this.phase === 'disposed';
  }

  /** Returns a function that says whether the pool has been closed since this call. */
  closedSince(): () => boolean {
    const closings = this.#closings;
    return () => closings !== this.#closings;
  }

  close(phase: 'closed' | 'disposed'): void {
    this.#closings++;
    this.phase = phase;
  }
}
