import type { Connection } from '../connection/connection.js';
import { Bag, type Bagged } from './bag.js';
import type { Chooser } from './chooser.js';
import type { Seat } from './seat.js';

/** A seat with something to be ranked by. */
export interface Costly<C extends Connection> extends Seat<C>, Bagged {
  readonly cost: number;
}

const cheaper = <S extends { readonly cost: number }>(a: S | undefined, b: S | undefined): S | undefined =>
  a && b ? (b.cost < a.cost ? b : a) : (a ?? b);

/** One of `count` by a number in [0, 1); a number outside of that is brought to the nearer end. */
const drawn = (number: number, count: number): number =>
  Math.max(0, Math.min(count - 1, Math.floor(number * count) || 0));

/**
 * The cheaper of two that are drawn at random. The draw is made ahead of time, as two numbers, so that what is
 * foreseen comes true.
 */
export class TwoChoices<C extends Connection, K, S extends Costly<C>> implements Chooser<C, K, S> {
  readonly #bag = new Bag<S>();
  readonly #random: () => number;
  readonly #seat: (connection: C) => S;
  #one: number;
  #other: number;

  constructor(random: () => number, seat: (connection: C) => S) {
    this.#random = random;
    this.#seat = seat;
    this.#one = random();
    this.#other = random();
  }

  seat(connection: C): S {
    const seat = this.#seat(connection);
    this.#bag.add(seat);
    return seat;
  }

  unseat(seat: S): void {
    this.#bag.remove(seat);
    seat.leave();
  }

  pick(key: K, accepts: ((seat: S) => boolean) | undefined): S | undefined {
    const seat = this.peek(key, accepts);
    this.#one = this.#random();
    this.#other = this.#random();
    return seat;
  }

  peek(_key: K, accepts: ((seat: S) => boolean) | undefined): S | undefined {
    return accepts ? this.#accepted(accepts) : cheaper(this.#first, this.#second);
  }

  #accepted(accepts: (seat: S) => boolean): S | undefined {
    const [first, second] = [this.#first, this.#second];
    const taken = cheaper(first && accepts(first) ? first : undefined, second && accepts(second) ? second : undefined);
    return taken ?? this.#cheapest(accepts);
  }

  /** Of all, one of the equals by chance. */
  #cheapest(accepts: (seat: S) => boolean): S | undefined {
    const { items } = this.#bag;
    // What the draw of the first has not used up: which of all it was says who was refused.
    const chance = (this.#one * items.length) % 1;
    let equals: S[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (const seat of items) {
      const { cost } = seat;
      if (cost > least || !accepts(seat)) continue;
      if (cost < least) equals = [];
      least = cost;
      equals.push(seat);
    }
    return equals[drawn(chance, equals.length)];
  }

  get #first(): S | undefined {
    const { items } = this.#bag;
    return items[drawn(this.#one, items.length)];
  }

  /** Drawn from those that the first draw has left. */
  get #second(): S | undefined {
    const { items } = this.#bag;
    const place = drawn(this.#other, items.length - 1);
    return items[place < drawn(this.#one, items.length) ? place : place + 1];
  }
}
