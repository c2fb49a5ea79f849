import type { Link } from '../list.js';
import { List } from '../list.js';
import type { Clock } from './clock.js';

/** Something that must be over `timeout` milliseconds after it was added. */
export interface Due<T> {
  readonly timeout: number;
  readonly due: Link<T>;
  deadline: number;
}

/**
 * Many deadlines on one timer. Those with the same timeout form a lane, which is in order of deadline by
 * itself; only the heads of the lanes are ever compared. The timer is set for the earliest deadline there was
 * when it was set, and not moved back when that one leaves: under load it fires about once a timeout.
 */
export class Deadlines<T extends Due<T>> {
  readonly #lanes = new Map<number, List<T>>();
  #wake = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined = undefined;

  /** `usual` is the timeout whose lane is worth keeping when it is empty. */
  constructor(
    private readonly clock: Clock,
    private readonly usual: number,
    private readonly expired: (entry: T) => void,
  ) {
    this.#lanes.set(usual, new List());
  }

  add(entry: T): void {
    entry.deadline = this.clock.now() + entry.timeout;
    this.#lane(entry.timeout).push(entry.due);
    if (entry.deadline < this.#wake) this.#set(entry.deadline);
  }

  remove(entry: T): void {
    const lane = entry.due.list;
    if (!lane) return;
    lane.remove(entry.due);
    if (lane.size === 0 && entry.timeout !== this.usual) this.#lanes.delete(entry.timeout);
  }

  /** Leaves no timer behind. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#wake = Number.POSITIVE_INFINITY;
  }

  #lane(timeout: number): List<T> {
    let lane = this.#lanes.get(timeout);
    if (!lane) {
      lane = new List();
      this.#lanes.set(timeout, lane);
    }
    return lane;
  }

  #set(deadline: number): void {
    this.#cancel?.();
    this.#wake = deadline;
    this.#cancel = this.clock.after(Math.max(0, deadline - this.clock.now()), this.#fired);
  }

  /** A timer that fires after the event loop stood still must not fail what was answered meanwhile. */
  readonly #fired = (): void => {
    this.#cancel = this.clock.afterIo(this.#expire);
  };

  readonly #expire = (): void => {
    this.stop();
    const now = this.clock.now();
    for (const lane of [...this.#lanes.values()]) {
      for (let head = lane.first; head && head.value.deadline <= now; head = lane.first) {
        this.remove(head.value);
        this.expired(head.value);
      }
    }
    this.#setForEarliest();
  };

  #setForEarliest(): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) {
      if (lane.first && lane.first.value.deadline < earliest) earliest = lane.first.value.deadline;
    }
    if (earliest < this.#wake) this.#set(earliest);
  }
}
