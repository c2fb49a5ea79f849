/** The least that exact selection can cost: a sorted array with the end of each level, and nothing around it. */
export interface BareItem {
  load: number;
  position: number;
}

export class BareIndex {
  readonly items: BareItem[];
  readonly ends: number[];
  low = 0;
  cursor = 0;

  constructor(size: number) {
    this.items = Array.from({ length: size }, (_, position) => ({ load: 0, position }));
    this.ends = [size];
  }

  pick(): BareItem {
    const equals = this.ends[this.low] as number;
    this.cursor = this.cursor > 0 && this.cursor <= equals ? this.cursor - 1 : equals - 1;
    return this.items[this.cursor] as BareItem;
  }

  begin(item: BareItem): void {
    const level = item.load++;
    const last = (this.ends[level] as number) - 1;
    this.swap(item, last);
    this.ends[level] = last;
    if (level + 1 === this.ends.length) this.ends.push(last + 1);
    if (last === 0) this.low = level + 1;
  }

  end(item: BareItem): void {
    const level = item.load--;
    const first = this.ends[level - 1] as number;
    this.swap(item, first);
    this.ends[level - 1] = first + 1;
    if (level - 1 < this.low) this.low = level - 1;
  }

  private swap(item: BareItem, place: number): void {
    const other = this.items[place] as BareItem;
    this.items[item.position] = other;
    this.items[place] = item;
    other.position = item.position;
    item.position = place;
  }
}

interface Waiter {
  readonly deadline: number;
  readonly resolve: (resource: object) => void;
  readonly reject: (error: Error) => void;
}

/** The least that waiting in turn with a deadline can cost: a queue, and one timer for its first. */
export class BareFairQueue {
  readonly #idle: object[];
  readonly #timeout: number;
  #waiters: Waiter[] = [];
  #first = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(size: number, timeout: number) {
    this.#idle = Array.from({ length: size }, () => ({}));
    this.#timeout = timeout;
  }

  async use<T>(work: (resource: object) => Promise<T>): Promise<T> {
    const resource = this.#idle.pop() ?? (await this.#wait());
    try {
      return await work(resource);
    } finally {
      this.#release(resource);
    }
  }

  #wait(): Promise<object> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ deadline: performance.now() + this.#timeout, resolve, reject });
      this.#timer ??= setTimeout(() => this.#expire(), this.#timeout).unref();
    });
  }

  #release(resource: object): void {
    const waiter = this.#shift();
    if (waiter) waiter.resolve(resource);
    else this.#idle.push(resource);
  }

  #shift(): Waiter | undefined {
    const waiter = this.#waiters[this.#first];
    if (!waiter) return undefined;
    this.#first++;
    if (this.#first > 1_024) {
      this.#waiters = this.#waiters.slice(this.#first);
      this.#first = 0;
    }
    return waiter;
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (let first = this.#waiters[this.#first]; first; first = this.#waiters[this.#first]) {
      if (first.deadline > now) {
        this.#timer = setTimeout(() => this.#expire(), first.deadline - now).unref();
        return;
      }
      this.#shift()?.reject(new Error('waited too long'));
    }
  }
}

/** The original's algorithm: filter who is connected, sort by pending, take the first. */
export function filterAndSort<T extends { readonly state: string; readonly pending: number }>(all: readonly T[]): T {
  return all.filter((one) => one.state === 'connected').sort((a, b) => a.pending - b.pending)[0] as T;
}
