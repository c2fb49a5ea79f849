import { type ConnectionRecord, type OwnRequests, ownRequests } from './record.js';

/**
 * The pool's own work on a connection: a validation, a warm-up or a reset. Its requests are no load. Those that are in
 * flight when the work ends are load again.
 */
export class OwnWork implements OwnRequests {
  count = 0;
  /**
   * Whether every request that begins now is the pool's own. When false, no more requests count as its own than did at
   * once while it was true.
   */
  isAlone = true;
  #most = 0;
  /** How many works are under way. */
  #works = 0;
  readonly #record: ConnectionRecord;

  private constructor(record: ConnectionRecord) {
    this.#record = record;
  }

  /** Begins a work, beside others that may be under way on the connection: their requests are counted together. */
  static begin(record: ConnectionRecord): OwnWork {
    const work = (ownRequests.get(record) as OwnWork | undefined) ?? new OwnWork(record);
    ownRequests.set(record, work);
    work.#works++;
    work.isAlone = true;
    return work;
  }

  /** A falling count does not say which request ended. Where callers may have asked, theirs are taken to end first. */
  changed(before: number, inFlight: number): void {
    const more = inFlight - before;
    if (this.isAlone) this.#most = Math.max(this.#most, this.count + more);
    if (this.isAlone || more > 0) this.count = Math.max(0, Math.min(this.#most, this.count + more));
    else this.count = Math.min(this.count, inFlight);
  }

  /** Ends one of the works. */
  end(): void {
    if (--this.#works > 0) return;
    const { inFlight } = this.#record;
    ownRequests.delete(this.#record);
    this.#record.setPending(inFlight);
  }
}
