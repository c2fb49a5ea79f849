/** An item of a {@link Heap}. Only the heap writes `position`. */
export interface HeapNode {
  /** Index in the heap; -1 for an item in no heap. */
  position: number;
}

/** An indexed binary heap: finds the first item in constant time, and moves one in logarithmic time. */
export class Heap<T extends HeapNode> {
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
    this.#siftUp(item);
  }

  remove(item: T): void {
    const last = this.#items.pop() as T;
    if (last !== item) {
      this.#put(last, item.position);
      this.update(last);
    }
    item.position = -1;
  }

  /** Restores the order after the rank of an item changed. Does nothing for an item that is not in the heap. */
  update(item: T): void {
    this.#siftUp(item);
    this.#siftDown(item);
  }

  /** The first accepted item. Visits only the refused items before it and their children. */
  find(accepts: (item: T) => boolean): T | undefined {
    return this.#find(accepts, 0, undefined);
  }

  #find(accepts: (item: T) => boolean, place: number, found: T | undefined): T | undefined {
    const item = this.#items[place];
    if (!item || (found && this.#isBefore(found, item))) return found;
    if (accepts(item)) return item;
    return this.#find(accepts, 2 * place + 2, this.#find(accepts, 2 * place + 1, found));
  }

  #siftUp(item: T): void {
    while (item.position > 0) {
      const parent = this.#items[(item.position - 1) >> 1] as T;
      if (!this.#isBefore(item, parent)) return;
      this.#swap(item, parent);
    }
  }

  #siftDown(item: T): void {
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
