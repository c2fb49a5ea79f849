/** Something in a bag, which alone writes `position`. */
export interface Bagged {
  position: number;
}

/** Many in no particular order, each to be had by number, with no gaps between them. */
export class Bag<T extends Bagged> {
  readonly items: T[] = [];

  add(item: T): void {
    item.position = this.items.push(item) - 1;
  }

  remove(item: T): void {
    const last = this.items.pop() as T;
    if (last === item) return;
    this.items[item.position] = last;
    last.position = item.position;
  }
}
