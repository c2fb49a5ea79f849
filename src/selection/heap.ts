/** Something ranked by a heap, which alone writes `position`. */
export interface Heaped {
  /** Place in the heap, -1 while not in one. */
  position: number;
}

/** The first of many by an order that changes: finding it takes no time, moving one a logarithm of their number. */
export class Heap<T extends Heaped> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    item.position = this.#items.push(item) - 1;
    this.#rise(item);
  }

  remove(item: T): void {
    const last = this.#items.pop() as T;
    if (last !== item) {
      this.#put(last, item.position);
      this.moved(last);
    }
    item.position = -1;
  }

  /** To be told after an item has come before or after others; one that is not in stays out. */
  moved(item: T): void {
    this.#rise(item);
    this.#sink(item);
  }

  /** The first that is accepted. Looks past the refused ones, and no further. */
  find(accepts: (item: T) => boolean): T | undefined {
    return this.#find(accepts, 0, undefined);
  }

  #find(accepts: (item: T) => boolean, place: number, found: T | undefined): T | undefined {
    const item = this.#items[place];
    if (!item || (found && this.#isBefore(found, item))) return found;
    if (accepts(item)) return item;
    return this.#find(accepts, 2 * place + 2, this.#find(accepts, 2 * place + 1, found));
  }

  #rise(item: T): void {
    while (item.position > 0) {
      const parent = this.#items[(item.position - 1) >> 1] as T;
      if (!this.#isBefore(item, parent)) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const child = this.#firstChild(item.position);
      if (!child || !this.#isBefore(child, item)) return;
      this.#swap(child, item);
    }
  }

  #firstChild(place: number): T | undefined {
    const left = this.#items[2 * place + 1];
    const right = this.#items[2 * place + 2];
    return left && right && this.#isBefore(right, left) ? right : left;
  }

  #swap(a: T, b: T): void {
    const { position } = a;
    this.#put(a, b.position);
    this.#put(b, position);
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    item.position = place;
  }
}
