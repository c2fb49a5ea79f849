import { OrderOfJoining } from './order-of-joining.js';

/**
 * Connections in order of joining, with a frozen array of them that is built when somebody reads it, and not
 * before. Until the first reading not even the order is kept.
 */
export class Roster<C> {
  #order: OrderOfJoining<C> | undefined;
  #view: readonly C[] | undefined;
  readonly #seqOf: (connection: C) => number;
  readonly #build: () => C[];

  /**
   * @param seqOf - a connection's place in the order of joining.
   * @param build - what the roster holds, in order, for the first reading.
   */
  constructor(seqOf: (connection: C) => number, build: () => C[]) {
    this.#seqOf = seqOf;
    this.#build = build;
  }

  get view(): readonly C[] {
    this.#order ??= new OrderOfJoining(this.#seqOf, this.#build());
    this.#view ??= Object.freeze(this.#order.items.slice());
    return this.#view;
  }

  add(connection: C): void {
    this.#view = undefined;
    this.#order?.add(connection);
  }

  delete(connection: C): void {
    this.#view = undefined;
    this.#order?.delete(connection);
  }
}
