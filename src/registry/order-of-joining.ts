/** A list kept in order of joining. Whoever comes or goes last costs nothing to find. */
export class OrderOfJoining<T> {
  readonly items: T[];
  readonly #seqOf: (item: T) => number;

  constructor(seqOf: (item: T) => number, items: T[] = []) {
    this.#seqOf = seqOf;
    this.items = items;
  }

  add(item: T): void {
    const { items } = this;
    const last = items.at(-1);
    if (last === undefined || this.#seqOf(last) < this.#seqOf(item)) items.push(item);
    else items.splice(this.#placeOf(item), 0, item);
  }

  delete(item: T): void {
    const { items } = this;
    if (items.at(-1) === item) {
      items.pop();
      return;
    }
    const place = this.#placeOf(item);
    if (items[place] === item) items.splice(place, 1);
  }

  /** The first place whose item joined no earlier. */
  #placeOf(item: T): number {
    const seq = this.#seqOf(item);
    let from = 0;
    let to = this.items.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#seqOf(this.items[middle] as T) < seq) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
