/** An item of a {@link SwapList}. */
export interface SwapListItem {
  /** Index in the list. Only the list writes it. */
  position: number;
}

/** An array without order: to remove an item in constant time, the last one is moved to its index. */
export class SwapList<T extends SwapListItem> {
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
