/** A place in a {@link List}, owned by its value, so that joining and leaving cost nothing to look up. */
export class Link<T> {
  list: List<T> | undefined = undefined;
  previous: Link<T> | undefined = undefined;
  next: Link<T> | undefined = undefined;

  constructor(readonly value: T) {}
}

/** A first-in-first-out list that anything can leave from the middle of, in constant time. */
export class List<T> {
  size = 0;
  first: Link<T> | undefined = undefined;
  #last: Link<T> | undefined = undefined;

  push(link: Link<T>): void {
    this.insert(link, undefined);
  }

  /** Puts a link before another one of this list, or at the end. */
  insert(link: Link<T>, next: Link<T> | undefined): void {
    const previous = next ? next.previous : this.#last;
    link.list = this;
    link.previous = previous;
    link.next = next;
    if (previous) previous.next = link;
    else this.first = link;
    if (next) next.previous = link;
    else this.#last = link;
    this.size++;
  }

  /** Does nothing for a link that is elsewhere: leaving twice must not unhinge another list. */
  remove(link: Link<T>): boolean {
    if (link.list !== this) return false;
    const { previous, next } = link;
    if (previous) previous.next = next;
    else this.first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    link.list = link.previous = link.next = undefined;
    this.size--;
    return true;
  }
}
