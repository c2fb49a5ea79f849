import { type SchedulerLike, Subscription } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import { LinkedList, type ListNode } from '../linked-list.js';
import { clockOf } from './clock.js';

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
class TimeoutList extends LinkedList<Expirable> {
  constructor(readonly timeout: number) {
    super();
  }
}

/**
 * Many deadlines on one timer. Only the first entries of each timeout are compared. The timer stays when its entry is
 * removed: under load it fires about once a timeout.
 */
export class Deadlines {
  readonly #lists = new Map<number, TimeoutList>();
  /** Entries whose deadline has passed, and which have not been called yet. */
  readonly #late = new LinkedList<Expirable>();
  readonly #now: () => number;
  #size = 0;
  #timer: Subscription | undefined;
  /** When the timer fires: never later than the first deadline. */
  #timerDue = Number.POSITIVE_INFINITY;
  /** The list that was added to last, which is kept while it is empty: most entries have the same timeout. */
  #latest: TimeoutList | undefined;

  constructor(readonly scheduler: SchedulerLike) {
    this.#now = clockOf(scheduler);
  }

  /** Calls `entry.expired` in `timeout` milliseconds, unless it is removed before. */
  add(entry: Expirable, timeout: number): void {
    const now = this.#now();
    entry.deadline = now + timeout;
    this.#listOf(timeout).push(entry.due);
    this.#size++;
    // A timer that should have fired a second ago is set again: a test that replaced the clock may have discarded it.
    if (entry.deadline < this.#timerDue || now > this.#timerDue + LOST_AFTER) this.#setTimer(entry.deadline, now);
  }

  /** Milliseconds until the deadline of an entry. */
  timeLeft(entry: Expirable): number {
    return entry.deadline - this.#now();
  }

  /** Does nothing for an entry that was removed already. */
  remove({ due }: Expirable): void {
    const { list } = due;
    if (!list?.remove(due) || list === this.#late) return;
    this.#size--;
    if (this.#size === 0) this.#stop();
    else if (list.size === 0 && list !== this.#latest) this.#lists.delete((list as TimeoutList).timeout);
  }

  #listOf(timeout: number): TimeoutList {
    const latest = this.#latest;
    if (latest?.timeout === timeout) return latest;
    if (latest?.size === 0) this.#lists.delete(latest.timeout);
    const list = this.#lists.get(timeout) ?? new TimeoutList(timeout);
    this.#lists.set(timeout, list);
    this.#latest = list;
    return list;
  }

  #stop(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
  }

  #setTimer(deadline: number, now: number): void {
    this.#timer?.unsubscribe();
    const timer = new Subscription();
    this.#timer = timer;
    this.#timerDue = deadline;
    const fire = (): void => {
      // What the event loop has received by then comes first: it may have stood still.
      const firedAt = Math.max(this.#now(), deadline);
      timer.add(this.scheduler.schedule(() => this.#expire(firedAt)));
    };
    // Rounding may make it a little more than timers wait.
    const delay = Math.min(Math.max(0, deadline - now), MAX_TIMER_DELAY);
    timer.add(this.scheduler.schedule(fire, delay));
  }

  #expire(firedAt: number): void {
    let earliest = Number.POSITIVE_INFINITY;
    const late: Expirable[] = [];
    for (const list of this.#lists.values()) {
      let first = list.first;
      for (; first && first.value.deadline <= firedAt; first = list.first) {
        list.remove(first);
        late.push(first.value);
      }
      if (first) earliest = Math.min(earliest, first.value.deadline);
      else if (list !== this.#latest) this.#lists.delete(list.timeout);
    }
    this.#size -= late.length;
    this.#stop();
    if (earliest < Number.POSITIVE_INFINITY) this.#setTimer(earliest, this.#now());
    for (const { due } of late.sort((a, b) => a.deadline - b.deadline)) this.#late.push(due);
    this.#callLate();
  }

  /** Calls them one by one: each may have others removed, and what one throws keeps no other from being called. */
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
