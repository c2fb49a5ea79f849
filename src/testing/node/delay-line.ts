import type { Clock } from '../../clock.js';

/** Milliseconds, or a function that returns them for each piece, for example at random. */
export type Delay = number | (() => number);

export const next = (delay: Delay): number => (typeof delay === 'number' ? delay : delay());

/** Delivers items in order, each at least its delay later, and one in each turn of the event loop. */
export class DelayLine<T> {
  readonly #waiting: { readonly item: T; readonly due: number }[] = [];
  #held = false;
  #cancel: (() => void) | undefined = undefined;

  constructor(
    private readonly clock: Clock,
    private readonly deliver: (item: T) => void,
  ) {}

  /** Whether a new item would be delivered next. */
  get idle(): boolean {
    return !this.#held && this.#waiting.length === 0;
  }

  push(item: T, delay: number): void {
    this.#waiting.push({ item, due: this.clock.now() + delay });
    this.#wait();
  }

  hold(): void {
    this.#held = true;
    this.#stop();
  }

  resume(): void {
    this.#held = false;
    this.#wait();
  }

  /** Drops the waiting items and their timers. */
  clear(): void {
    this.#waiting.length = 0;
    this.#stop();
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(): void {
    const [first] = this.#waiting;
    if (!first || this.#held || this.#cancel) return;
    const wait = first.due - this.clock.now();
    this.#cancel = wait > 0 ? this.clock.after(wait, this.#woken) : this.clock.afterIo(this.#woken);
  }

  readonly #woken = (): void => {
    this.#cancel = undefined;
    const [first] = this.#waiting;
    // A timer may fire a fraction of a millisecond early.
    if (first && first.due <= this.clock.now()) {
      this.#waiting.shift();
      this.deliver(first.item);
    }
    this.#wait();
  };
}
