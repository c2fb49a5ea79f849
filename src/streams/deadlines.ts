import { type SchedulerLike, Subscription } from 'rxjs';
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

/**
 * Many deadlines on one timer. Those of one timeout are in the order in which they were added, so only the first of
 * each timeout are compared. The timer stays when its entry is removed: under load it fires about once a timeout.
 */
export class Deadlines {
  readonly #lists = new Map<number, LinkedList<Expirable>>();
  readonly #now: () => number;
  #timer: Subscription | undefined;
  /** When the timer fires: never later than the first deadline. */
  #timerDue = Number.POSITIVE_INFINITY;
  /** The list that was added to last: most entries have the same timeout. */
  #latest: { readonly timeout: number; readonly list: LinkedList<Expirable> } | undefined;

  constructor(readonly scheduler: SchedulerLike) {
    this.#now = clockOf(scheduler);
  }

  /** Calls `entry.expired` in `timeout` milliseconds, unless it is removed before. */
  add(entry: Expirable, timeout: number): void {
    const now = this.#now();
    entry.deadline = now + timeout;
    this.#listOf(timeout).push(entry.due);
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
    if (!list?.remove(due) || list.size > 0) return;
    for (const { size } of this.#lists.values()) if (size > 0) return;
    this.#stop();
  }

  #listOf(timeout: number): LinkedList<Expirable> {
    if (this.#latest?.timeout === timeout) return this.#latest.list;
    const list = this.#lists.get(timeout) ?? new LinkedList<Expirable>();
    this.#lists.set(timeout, list);
    this.#latest = { timeout, list };
    return list;
  }

  /** Forgets the lists: the number of different timeouts is not bounded. */
  #stop(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
    this.#lists.clear();
    this.#latest = undefined;
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
    timer.add(this.scheduler.schedule(fire, Math.max(0, deadline - now)));
  }

  #expire(firedAt: number): void {
    const late: Expirable[] = [];
    let earliest = Number.POSITIVE_INFINITY;
    for (const [timeout, list] of this.#lists) {
      let first = list.first;
      for (; first && first.value.deadline <= firedAt; first = list.first) {
        list.remove(first);
        late.push(first.value);
      }
      if (first) earliest = Math.min(earliest, first.value.deadline);
      else this.#lists.delete(timeout);
    }
    this.#latest = undefined;
    if (earliest === Number.POSITIVE_INFINITY) this.#stop();
    else this.#setTimer(earliest, this.#now());
    for (const entry of late.sort((a, b) => a.deadline - b.deadline)) entry.expired();
  }
}

/** Milliseconds after which a timer that should have fired is taken for lost. */
const LOST_AFTER = 1_000;
