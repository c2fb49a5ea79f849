/** Where a pool is in its life. */
export type LifecyclePhase = 'new' | 'open' | 'closed' | 'disposed';

/** Where a pool is in its life, and how often it has been closed. */
export class LifecycleState {
  phase: LifecyclePhase = 'new';
  /** One more at each closing: what was begun at a lower number has been overtaken. */
  closings = 0;

  get isClosed(): boolean {
    return this.phase === 'closed' || this.phase === 'disposed';
  }
}
