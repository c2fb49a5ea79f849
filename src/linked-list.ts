/** The node of a value in a {@link LinkedList}. The value keeps its node, so that removing it needs no look-up. */
export class ListNode<T> {
  list: LinkedList<T> | undefined = undefined;
  previous: ListNode<T> | undefined = undefined;
  next: ListNode<T> | undefined = undefined;

  constructor(readonly value: T) {}
}

/** A first-in-first-out list. A node anywhere in it can be removed in constant time. */
export class LinkedList<T> {
  size = 0;
  first: ListNode<T> | undefined = undefined;
  last: ListNode<T> | undefined = undefined;

  push(node: ListNode<T>): void {
    this.insert(node, undefined);
  }

  /** Puts a node before another one of this list, or at the end. */
  insert(node: ListNode<T>, next: ListNode<T> | undefined): void {
    const previous = next ? next.previous : this.last;
    node.list = this;
    node.previous = previous;
    node.next = next;
    if (previous) previous.next = node;
    else this.first = node;
    if (next) next.previous = node;
    else this.last = node;
    this.size++;
  }

  /**
   * Removes a node. Returns false if it was not in this list, so that removing it twice does not change another list.
   */
  remove(node: ListNode<T>): boolean {
    if (node.list !== this) return false;
    const { previous, next } = node;
    if (previous) previous.next = next;
    else this.first = next;
    if (next) next.previous = previous;
    else this.last = previous;
    node.list = node.previous = node.next = undefined;
    this.size--;
    return true;
  }
}
