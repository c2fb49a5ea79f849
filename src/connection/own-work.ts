import { type ConnectionRecord, type OwnRequests, ownRequests } from './record.js';

/**
 * The pool's own work on a connection: a validation, warm-up or reset. Its requests do not count as load. Requests
 * still in flight when the work ends count again.
 */
export class OwnWork implements OwnRequests {
  count = 0;
  /**
   * Whether the pool is the only user, so that every new request is its own. When false, `count` cannot exceed the most
   * that it was while true.
   */
  isAlone = true;
  #most = 0;
  /** How many pieces of own work are under way. */
  #works = 0;
  readonly #record: ConnectionRecord;

  private constructor(record: ConnectionRecord) {
    this.#record = record;
  }

  /** Begins own work. Several pieces on one connection are counted together. */
  static begin(record: ConnectionRecord): OwnWork {
    const work = (ownRequests.get(record) as OwnWork | undefined) ?? new OwnWork(record);
    ownRequests.set(record, work);
    work.#works++;
    work.isAlone = true;
    return work;
  }

  /**
   * A falling count does not say which request ended. If callers may use the connection, their requests are taken to
   * end first.
   */
  changed(before: number, inFlight: number): void {
    const more = inFlight - before;
    if (this.isAlone) this.#most = Math.max(this.#most, this.count + more);
    if (this.isAlone || more > 0) this.count = Math.max(0, Math.min(this.#most, this.count + more));
    else this.count = Math.min(this.count, inFlight);
  }

  /** Ends one piece of own work. */
  end(): void {
    if (--this.#works > 0) return;
    const { inFlight } = this.#record;
    ownRequests.delete(this.#record);
    this.#record.setPending(inFlight);
  }
}
