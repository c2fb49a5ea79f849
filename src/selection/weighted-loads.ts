import { type SchedulerLike, Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { observeOutcomes } from '../connection/outcomes.js';
import { outOfRange } from '../errors.js';
import type { Chooser } from './chooser.js';
import { Heap, type Heaped } from './heap.js';
import { Seat } from './seat.js';
import { stopwatch } from './stopwatch.js';

/** How loads are weighted. */
export interface Weighting<C> {
  weight(connection: C): number;
  /** Milliseconds until a newcomer has its whole weight; 0 for at once. */
  readonly slowStart: number;
  /** Milliseconds of load that a failure is worth; 0 for none. */
  readonly failurePenalty: number;
  readonly scheduler: SchedulerLike;
}

/** The share of its weight that a newcomer begins with. */
const FLOOR = 0.1;

/** So little of a failure is nothing: without any load about, somebody has to be tried again one day. */
const FORGOTTEN = 0.05;

/** What time changes is looked at again after so much of the time that it takes. */
const STEP = 0.01;

class WeightedSeat<C extends Connection> extends Seat<C> implements Heaped {
  position = -1;
  /** What it is ranked by: its load, and what its failures count for, by its weight. */
  cost = 0;
  /** When it is its turn among those of the same cost, on a scale that all have in common. */
  turn = 0;
  /** Decides between those whose turn it is, so that callers with a rhythm do not meet the same ones every time. */
  lot = 0;
  weight = 0;
  failures = 0;
  /** When failures were looked at last. */
  #seenAt = 0;
  readonly #whole: number;
  readonly #joinedAt: number;
  readonly #life = new Subscription();

  constructor(connection: C, weight: number, now: number) {
    super(connection);
    this.#whole = weight;
    this.#joinedAt = now;
  }

  /** Brings it up to the present; answers whether time will change it further. */
  grow(now: number, { slowStart, failurePenalty }: Weighting<C>): boolean {
    const age = now - this.#joinedAt;
    const isNew = age < slowStart;
    this.weight = isNew ? this.#whole * Math.max(FLOOR, age / slowStart) : this.#whole;
    if (this.failures > 0) this.failures *= Math.exp((this.#seenAt - now) / failurePenalty);
    if (this.failures < FORGOTTEN) this.failures = 0;
    this.#seenAt = now;
    return isNew || this.failures > 0;
  }

  rank(): void {
    this.cost = (this.load + this.failures) / this.weight;
  }

  listen(loadChanged: () => void, failed: (() => void) | undefined): void {
    this.#life.add(this.record.listen({ onLoad: loadChanged }));
    if (failed) observeOutcomes(this.connection, this.#life, (ok) => ok || failed());
  }

  override leave(): void {
    this.#life.unsubscribe();
    super.leave();
  }
}

const isBefore = (a: WeightedSeat<Connection>, b: WeightedSeat<Connection>): boolean => {
  if (a.cost !== b.cost) return a.cost < b.cost;
  return a.turn !== b.turn ? a.turn < b.turn : a.lot < b.lot;
};

/**
 * The least load for its weight. Those whose cost is equal take turns in proportion to their weights: each turn
 * puts a connection back by the inverse of its weight.
 */
export class WeightedLoads<C extends Connection, K> implements Chooser<C, K, WeightedSeat<C>> {
  readonly #weighting: Weighting<C>;
  readonly #elapsed: () => number;
  readonly #heap = new Heap<WeightedSeat<C>>(isBefore);
  /** Those whose cost time changes: looked at again every so often, when somebody asks. */
  readonly #growing = new Set<WeightedSeat<C>>();
  readonly #step: number;
  #lookedAt = 0;
  /** The turn that it has come to. Whoever was busy meanwhile, or away, has missed theirs. */
  #turn = 0;
  #seed = 1;

  constructor(weighting: Weighting<C>) {
    const { slowStart, failurePenalty, scheduler } = weighting;
    this.#weighting = weighting;
    this.#elapsed = stopwatch(scheduler);
    this.#step = STEP * Math.min(slowStart || failurePenalty, failurePenalty || slowStart);
  }

  seat(connection: C): WeightedSeat<C> {
    const weight = this.#weightOf(connection);
    const now = this.#elapsed();
    const seat = new WeightedSeat(connection, weight, now);
    seat.lot = this.#draw();
    this.#grow(seat, now);
    seat.rank();
    this.#heap.add(seat);
    const failed = this.#weighting.failurePenalty > 0 ? () => this.#fail(seat) : undefined;
    seat.listen(() => this.#move(seat), failed);
    return seat;
  }

  unseat(seat: WeightedSeat<C>): void {
    seat.leave();
    this.#growing.delete(seat);
    this.#heap.remove(seat);
  }

  pick(key: K, accepts: ((seat: WeightedSeat<C>) => boolean) | undefined): WeightedSeat<C> | undefined {
    const seat = this.peek(key, accepts);
    if (seat) this.#take(seat);
    return seat;
  }

  peek(_key: K, accepts: ((seat: WeightedSeat<C>) => boolean) | undefined): WeightedSeat<C> | undefined {
    this.#lookAgain();
    return accepts ? this.#heap.find(accepts) : this.#heap.first;
  }

  #take(seat: WeightedSeat<C>): void {
    this.#turn = Math.max(this.#turn, seat.turn);
    seat.turn = this.#turn + 1 / seat.weight;
    seat.lot = this.#draw();
    this.#heap.moved(seat);
  }

  #move(seat: WeightedSeat<C>): void {
    seat.rank();
    this.#heap.moved(seat);
  }

  #fail(seat: WeightedSeat<C>): void {
    this.#grow(seat, this.#elapsed());
    seat.failures++;
    this.#growing.add(seat);
    this.#move(seat);
  }

  #grow(seat: WeightedSeat<C>, now: number): void {
    if (seat.grow(now, this.#weighting)) this.#growing.add(seat);
    else this.#growing.delete(seat);
  }

  #lookAgain(): void {
    if (this.#growing.size === 0) return;
    const now = this.#elapsed();
    if (now - this.#lookedAt < this.#step) return;
    this.#lookedAt = now;
    for (const seat of this.#growing) {
      this.#grow(seat, now);
      this.#move(seat);
    }
  }

  #draw(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) | 0;
    return this.#seed;
  }

  #weightOf(connection: C): number {
    const weight: unknown = this.#weighting.weight(connection);
    if (typeof weight === 'number' && weight > 0 && weight < Number.POSITIVE_INFINITY) return weight;
    throw outOfRange('options.weight(connection)', 'a positive number', weight);
  }
}
