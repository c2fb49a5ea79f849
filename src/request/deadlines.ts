import { LinkedList, type ListNode } from '../linked-list.js';
import type { Clock } from './clock.js';

/** An entry with a deadline. */
export interface Expirable {
  /** Its node in the lane of its timeout. */
  readonly due: ListNode<Expirable>;
  /** In milliseconds of the clock. */
  deadline: number;
  /** Called when the deadline has passed. */
  expired(): void;
}

/** The lane of one timeout: entries in the order in which they were added, which is the order of their deadlines. */
class TimeoutBucket extends LinkedList<Expirable> {
  /** How many tables keep the lane while it is empty. */
  refCount = 0;

  constructor(readonly timeout: number) {
    super();
  }
}

/**
 * The deadlines of all request tables with one clock, on one timer. Entries with the same timeout form a lane; only
 * the heads of the lanes are compared. The timer is set for the earliest deadline, and stays when that entry is removed:
 * under load it fires about once per timeout.
 */
export class Deadlines {
  /** The deadlines of a clock, which a table has to {@link join}. */
  static of(clock: Clock): Deadlines {
    let deadlines = shared.get(clock);
    if (!deadlines) {
      deadlines = new Deadlines(clock);
      shared.set(clock, deadlines);
    }
    return deadlines;
  }

  readonly #lanes = new Map<number, TimeoutBucket>();
  #members = 0;
  #wake = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined = undefined;

  private constructor(private readonly clock: Clock) {}

  /** How many lanes there are. */
  get lanes(): number {
    return this.#lanes.size;
  }

  /** Adds a table; `usual` is the timeout whose lane is kept for it. */
  join(usual: number): void {
    this.#members++;
    this.#lane(usual).refCount++;
  }

  /** Removes a table that has removed its entries. The last one cancels the timer. */
  leave(usual: number): void {
    const lane = this.#lane(usual);
    lane.refCount--;
    this.#dropIfUnused(lane);
    if (--this.#members === 0) this.#stop();
  }

  /** Calls `entry.expired` in `timeout` milliseconds, unless it is removed before. */
  add(entry: Expirable, timeout: number): void {
    entry.deadline = this.clock.now() + timeout;
    this.#lane(timeout).push(entry.due);
    const now = entry.deadline - timeout;
    // A timer that is overdue may have been lost, to a test that replaced the clock for a while: it is set again.
    if (entry.deadline < this.#wake || now > this.#wake + LOST_AFTER)
      this.#set(Math.min(entry.deadline, this.#earliest));
  }

  /** Does nothing for an entry that was removed already. */
  remove(entry: Expirable): void {
    const lane = entry.due.list as TimeoutBucket | undefined;
    if (!lane) return;
    lane.remove(entry.due);
    this.#dropIfUnused(lane);
  }

  #lane(timeout: number): TimeoutBucket {
    let lane = this.#lanes.get(timeout);
    if (!lane) {
      lane = new TimeoutBucket(timeout);
      this.#lanes.set(timeout, lane);
    }
    return lane;
  }

  /** Deletes an empty lane that no table keeps, because the number of different timeouts is not bounded. */
  #dropIfUnused(lane: TimeoutBucket): void {
    if (lane.size === 0 && lane.refCount === 0) this.#lanes.delete(lane.timeout);
  }

  get #earliest(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { first } of this.#lanes.values()) {
      if (first && first.value.deadline < earliest) earliest = first.value.deadline;
    }
    return earliest;
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#wake = Number.POSITIVE_INFINITY;
  }

  #set(deadline: number): void {
    this.#cancel?.();
    this.#wake = deadline;
    const now = this.clock.now();
    if (deadline < now) this.#wake = now;
    this.#cancel = this.clock.after(Math.max(0, deadline - now), this.#fired);
  }

  /** Expires entries after pending I/O: when the event loop was blocked, replies may have arrived within the deadline. */
  readonly #fired = (): void => {
    const firedAt = Math.max(this.clock.now(), this.#wake);
    this.#cancel = this.clock.afterIo(() => this.#expire(firedAt));
  };

  /** Expires what was due when the timer fired: what a stall of the event loop has made late since has not had its I/O. */
  #expire(firedAt: number): void {
    this.#stop();
    try {
      for (const lane of [...this.#lanes.values()]) {
        for (let head = lane.first; head && head.value.deadline <= firedAt; head = lane.first) {
          this.remove(head.value);
          head.value.expired();
        }
      }
    } finally {
      // When `expired` of one entry throws, the timer must still be set for all others.
      const earliest = this.#earliest;
      if (earliest < this.#wake) this.#set(earliest);
    }
  }
}

/** Milliseconds after which a timer that should have fired is taken for lost. */
const LOST_AFTER = 1_000;

const shared = new WeakMap<Clock, Deadlines>();
