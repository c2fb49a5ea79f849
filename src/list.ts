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
    const last = this.#last;
    link.list = this;
    link.previous = last;
    if (last) last.next = link;
    else this.first = link;
    this.#last = link;
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
