import { MAX_TIMER_DELAY } from './checks.js';
import type { Clock } from './clock.js';
import { LinkedList, type ListNode } from './linked-list.js';

/** An object with a deadline. */
export interface Expirable {
  /** Its node among the deadlines with the same timeout. */
  readonly due: ListNode<Expirable>;
  /** Milliseconds by the clock. */
  deadline: number;
  /** Called when the deadline has passed. */
  expired(): void;
}

/** The entries of one timeout, in the order in which they were added, which is also the order of their deadlines. */
class Lane extends LinkedList<Expirable> {
  constructor(readonly timeout: number) {
    super();
  }
}

/**
 * Many deadlines on one timer. Only the first entry of each timeout is compared. The timer stays when its entry is
 * removed, so under load it fires about once per timeout.
 */
export class Deadlines {
  readonly #lanes = new Map<number, Lane>();
  /** Entries whose deadline has passed and that have not been called yet. */
  readonly #late = new LinkedList<Expirable>();
  #size = 0;
  /** How many users keep the timer while there are no entries. */
  #keepers = 0;
  #cancelTimer: (() => void) | undefined;
  /** When the timer fires: at the first deadline or earlier. */
  #timerDue = Number.POSITIVE_INFINITY;
  /** The lane of the last added entry. It is kept while empty, because most entries have the same timeout. */
  #latest: Lane | undefined;

  constructor(readonly clock: Clock) {}

  /** How many different timeouts there are now. */
  get lanes(): number {
    return this.#lanes.size;
  }

  /** Keeps the timer while there are no entries. Otherwise, with one entry at a time, each would set a timer. */
  keepTimer(): void {
    this.#keepers++;
  }

  /** Undoes one `keepTimer()`. */
  dropTimer(): void {
    this.#keepers--;
    this.#stopIfUnused();
  }

  /** Calls `entry.expired` in `timeout` milliseconds, unless it is removed earlier. */
  add(entry: Expirable, timeout: number): void {
    const now = this.clock.now();
    entry.deadline = now + timeout;
    this.#laneOf(timeout).push(entry.due);
    this.#size++;
    if (entry.deadline < this.#timerDue) this.#setTimer(entry.deadline, now);
    // A timer that is a second late is set again: a test that replaced the clock may have discarded it.
    else if (now > this.#timerDue + LOST_AFTER) this.#setTimer(this.#earliest, now);
  }

  /** Milliseconds until the deadline of an entry. */
  timeLeft(entry: Expirable): number {
    return entry.deadline - this.clock.now();
  }

  /** Removes an entry; does nothing if it was removed already. */
  remove({ due }: Expirable): void {
    const { list } = due;
    if (!list?.remove(due) || list === this.#late) return;
    this.#size--;
    this.#dropIfUnused(list as Lane);
    this.#stopIfUnused();
  }

  #laneOf(timeout: number): Lane {
    const latest = this.#latest;
    if (latest?.timeout === timeout) return latest;
    if (latest?.size === 0) this.#lanes.delete(latest.timeout);
    const lane = this.#lanes.get(timeout) ?? new Lane(timeout);
    this.#lanes.set(timeout, lane);
    this.#latest = lane;
    return lane;
  }

  /** Drops an empty lane, because timeouts may have any number of values. */
  #dropIfUnused(lane: Lane): void {
    if (lane.size === 0 && lane !== this.#latest) this.#lanes.delete(lane.timeout);
  }

  get #earliest(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { first } of this.#lanes.values()) if (first) earliest = Math.min(earliest, first.value.deadline);
    return earliest;
  }

  #stopIfUnused(): void {
    if (this.#size === 0 && this.#keepers === 0) this.#stopTimer();
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
  }

  #setTimer(deadline: number, now: number): void {
    this.#cancelTimer?.();
    this.#timerDue = Math.max(deadline, now);
    // Sums of fractions are rounded. Without the limit, the longest timeout could exceed the longest timer.
    this.#cancelTimer = this.clock.after(Math.min(this.#timerDue - now, MAX_TIMER_DELAY), this.#fired);
  }

  /**
   * Handles received I/O first, so that a reply that has arrived beats its deadline, even after a blocked event loop.
   */
  readonly #fired = (): void => {
    const firedAt = Math.max(this.clock.now(), this.#timerDue);
    this.#cancelTimer = this.clock.afterIo(() => this.#expire(firedAt));
  };

  #expire(firedAt: number): void {
    const late: Expirable[] = [];
    for (const lane of this.#lanes.values()) {
      for (let { first } = lane; first && first.value.deadline <= firedAt; { first } = lane) {
        lane.remove(first);
        late.push(first.value);
      }
      this.#dropIfUnused(lane);
    }
    this.#size -= late.length;
    this.#stopTimer();
    if (this.#size > 0) this.#setTimer(this.#earliest, this.clock.now());
    for (const { due } of late.sort((a, b) => a.deadline - b.deadline)) this.#late.push(due);
    this.#callLate();
  }

  /** Calls them one by one: each may remove others, and one that throws must not prevent the calls of the rest. */
  #callLate(): void {
    const late = this.#late;
    try {
      for (let { first } = late; first; { first } = late) {
        late.remove(first);
        first.value.expired();
      }
    } finally {
      if (late.first) this.#callLate();
    }
  }
}

/** A timer that is this many milliseconds late counts as lost. */
const LOST_AFTER = 1_000;
