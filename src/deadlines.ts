import { MAX_TIMER_DELAY } from './checks.js';
import type { Clock } from './clock.js';
import { LinkedList, type ListNode } from './linked-list.js';

/** Something that has a deadline. */
export interface Expirable {
  /** Its place among the deadlines of the same timeout. */
  readonly due: ListNode<Expirable>;
  /** In milliseconds of the clock. */
  deadline: number;
  /** Called when the deadline has passed. */
  expired(): void;
}

/** Entries of one timeout, in the order in which they were added, which is the order of their deadlines. */
class Lane extends LinkedList<Expirable> {
  constructor(readonly timeout: number) {
    super();
  }
}

/**
 * Many deadlines on one timer. Only the first entries of each timeout are compared. The timer stays when its entry is
 * removed: under load it fires about once a timeout.
 */
export class Deadlines {
  readonly #lanes = new Map<number, Lane>();
  /** Entries whose deadline has passed, and which have not been called yet. */
  readonly #late = new LinkedList<Expirable>();
  #size = 0;
  /** How many keep the timer while there is no entry. */
  #keepers = 0;
  #cancelTimer: (() => void) | undefined;
  /** When the timer fires: never later than the first deadline. */
  #timerDue = Number.POSITIVE_INFINITY;
  /** The lane that was added to last, which is kept while it is empty: most entries have the same timeout. */
  #latest: Lane | undefined;

  constructor(readonly clock: Clock) {}

  /** How many timeouts are told apart at this moment. */
  get lanes(): number {
    return this.#lanes.size;
  }

  /** Keeps the timer while there is no entry: with one entry at a time, each would set a timer otherwise. */
  keepTimer(): void {
    this.#keepers++;
  }

  /** Undoes one `keepTimer()`. */
  dropTimer(): void {
    this.#keepers--;
    this.#stopIfUnused();
  }

  /** Calls `entry.expired` in `timeout` milliseconds, unless it is removed before. */
  add(entry: Expirable, timeout: number): void {
    const now = this.clock.now();
    entry.deadline = now + timeout;
    this.#laneOf(timeout).push(entry.due);
    this.#size++;
    if (entry.deadline < this.#timerDue) this.#setTimer(entry.deadline, now);
    // A timer that should have fired a second ago is set again: a test that replaced the clock may have discarded it.
    else if (now > this.#timerDue + LOST_AFTER) this.#setTimer(this.#earliest, now);
  }

  /** Milliseconds until the deadline of an entry. */
  timeLeft(entry: Expirable): number {
    return entry.deadline - this.clock.now();
  }

  /** Does nothing for an entry that was removed already. */
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

  /** Empty lanes are dropped: timeouts may have any number of values. */
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
    // Sums of fractions are rounded: without the limit, the longest timeout may come to more than a timer can wait.
    this.#cancelTimer = this.clock.after(Math.min(this.#timerDue - now, MAX_TIMER_DELAY), this.#fired);
  }

  /** Received I/O is handled first: a reply that has arrived beats its deadline, also after a blocked event loop. */
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

  /** Calls them one by one: each may remove others, and one that throws does not keep the rest from being called. */
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

/** Milliseconds after which a timer that should have fired is taken for lost. */
const LOST_AFTER = 1_000;
