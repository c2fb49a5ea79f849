import { LinkedList, type ListNode } from '../linked-list.js';
import type { Clock } from './clock.js';

/** Something that must be over by a time, and hears when it is not. */
export interface Due {
  /** Its place among those with the same timeout. */
  readonly due: ListNode<Due>;
  deadline: number;
  expired(): void;
}

/** Those with one timeout: in order of deadline by themselves. */
class Lane extends LinkedList<Due> {
  /** Members who keep it, also while it is empty. */
  keepers = 0;

  constructor(readonly timeout: number) {
    super();
  }
}

/**
 * All deadlines of one clock, whoever's they are, on one timer. Those with the same timeout form a lane; only the
 * heads of the lanes are ever compared. The timer is set for the earliest deadline there was when it was set, and
 * not moved back when that one leaves: under load it fires about once a timeout.
 */
export class Deadlines {
  /** Those of a clock, for whoever will {@link join} them. */
  static of(clock: Clock): Deadlines {
    let deadlines = shared.get(clock);
    if (!deadlines) {
      deadlines = new Deadlines(clock);
      shared.set(clock, deadlines);
    }
    return deadlines;
  }

  readonly #lanes = new Map<number, Lane>();
  #members = 0;
  #wake = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined = undefined;

  private constructor(private readonly clock: Clock) {}

  /** How many timeouts it keeps a lane for. */
  get lanes(): number {
    return this.#lanes.size;
  }

  /** One more member; `usual` is the timeout whose lane it keeps. */
  join(usual: number): void {
    this.#members++;
    this.#lane(usual).keepers++;
  }

  /** A member goes, once it has removed all that it added. The last one leaves no timer behind. */
  leave(usual: number): void {
    const lane = this.#lane(usual);
    lane.keepers--;
    this.#tidy(lane);
    if (--this.#members === 0) this.#stop();
  }

  /** Has `entry` expire `timeout` milliseconds from now, unless it is removed before. */
  add(entry: Due, timeout: number): void {
    entry.deadline = this.clock.now() + timeout;
    this.#lane(timeout).push(entry.due);
    if (entry.deadline < this.#wake) this.#set(entry.deadline);
  }

  /** Does nothing for what is not there any more. */
  remove(entry: Due): void {
    const lane = entry.due.list as Lane | undefined;
    if (!lane) return;
    lane.remove(entry.due);
    this.#tidy(lane);
  }

  #lane(timeout: number): Lane {
    let lane = this.#lanes.get(timeout);
    if (!lane) {
      lane = new Lane(timeout);
      this.#lanes.set(timeout, lane);
    }
    return lane;
  }

  /** Timeouts may be of any kind and number: none but the usual ones is remembered when nobody has it. */
  #tidy(lane: Lane): void {
    if (lane.size === 0 && lane.keepers === 0) this.#lanes.delete(lane.timeout);
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#wake = Number.POSITIVE_INFINITY;
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
    this.#stop();
    const now = this.clock.now();
    try {
      for (const lane of [...this.#lanes.values()]) {
        for (let head = lane.first; head && head.value.deadline <= now; head = lane.first) {
          this.remove(head.value);
          head.value.expired();
        }
      }
    } finally {
      // Somebody's listener that throws must not take everybody's deadlines along.
      this.#setForEarliest();
    }
  };

  #setForEarliest(): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { first } of this.#lanes.values()) {
      if (first && first.value.deadline < earliest) earliest = first.value.deadline;
    }
    if (earliest < this.#wake) this.#set(earliest);
  }
}

const shared = new WeakMap<Clock, Deadlines>();
