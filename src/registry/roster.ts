/**
 * Connections in order of joining, with a frozen array of them that is built when somebody reads it, and not
 * before. Until the first reading not even the order is kept.
 */
export class Roster<C> {
  #items: C[] | undefined;
  #view: readonly C[] | undefined;

  /**
   * @param seqOf - a connection's place in the order of joining.
   * @param build - what the roster holds, in order, for the first reading.
   */
  constructor(
    readonly seqOf: (connection: C) => number,
    readonly build: () => C[],
  ) {}

  get view(): readonly C[] {
    this.#items ??= this.build();
    this.#view ??= Object.freeze(this.#items.slice());
    return this.#view;
  }

  add(connection: C): void {
    this.#view = undefined;
    const items = this.#items;
    if (!items) return;
    const last = items.at(-1);
    if (last === undefined || this.seqOf(last) < this.seqOf(connection)) items.push(connection);
    else items.splice(this.#placeOf(items, connection), 0, connection);
  }

  delete(connection: C): void {
    this.#view = undefined;
    const items = this.#items;
    if (!items) return;
    const place = this.#placeOf(items, connection);
    if (items[place] === connection) items.splice(place, 1);
  }

  /** The first place whose connection joined no earlier. */
  #placeOf(items: readonly C[], connection: C): number {
    const seq = this.seqOf(connection);
    let from = 0;
    let to = items.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.seqOf(items[middle] as C) < seq) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
