/** Whether a pool takes part in things. */
export type Phase = 'new' | 'open' | 'closed' | 'disposed';

/** Where a pool stands in its life. */
export class Lifecycle {
  phase: Phase = 'new';
  /** Counts closings: whoever was at work during one has been overtaken. */
  closings = 0;

  get isClosed(): boolean {
    return this.phase === 'closed' || this.phase === 'disposed';
  }
}
