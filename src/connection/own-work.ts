import { type ConnectionRecord, type OwnRequests, ownRequests } from './record.js';

/**
 * The pool works on a connection for itself: it validates it, warms it up or resets it. The requests of that are no
 * load. Those that are in flight when the work ends are load again.
 */
export class OwnWork implements OwnRequests {
  count = 0;
  /**
   * Whether every request that begins now is the pool's own. When false, no more requests count as its own than did at
   * once while it was true.
   */
  isAlone = true;
  #most = 0;
  readonly #record: ConnectionRecord;

  constructor(record: ConnectionRecord) {
    this.#record = record;
    ownRequests.get(record)?.end();
    ownRequests.set(record, this);
  }

  /** A falling count does not say which request ended. Where callers may have asked, theirs are taken to end first. */
  changed(before: number, inFlight: number): void {
    const more = inFlight - before;
    if (this.isAlone) this.#most = Math.max(this.#most, this.count + more);
    if (this.isAlone || more > 0) this.count = Math.max(0, Math.min(this.#most, this.count + more));
    else this.count = Math.min(this.count, inFlight);
  }

  end(): void {
    if (ownRequests.get(this.#record) !== this) return;
    const { inFlight } = this.#record;
    ownRequests.delete(this.#record);
    this.#record.setPending(inFlight);
  }
}
