/** Where a pool is in its life. */
export type LifecyclePhase = 'new' | 'open' | 'closed' | 'disposed';

/** Where a pool is in its life, and whether something that was begun has been overtaken by a closing. */
export class LifecycleState {
  phase: LifecyclePhase = 'new';
  #closings = 0;

  get isClosed(): boolean {
    return this.phase === 'closed' || this.phase === 'disposed';
  }

  /** Returns a function that tells whether the pool has been closed since this call. */
  closedSince(): () => boolean {
    const closings = this.#closings;
    return () => closings !== this.#closings;
  }

  close(phase: 'closed' | 'disposed'): void {
    this.#closings++;
    this.phase = phase;
  }
}
