import type { Clock } from '../../clock.js';

/** Milliseconds, or whatever a function says each time: that is where chance comes in. */
export type Delay = number | (() => number);

export const next = (delay: Delay): number => (typeof delay === 'number' ? delay : delay());

/** Delivers in order, one at a time, a turn of the event loop apart, each after its delay at the earliest. */
export class DelayLine<T> {
  readonly #waiting: { readonly item: T; readonly due: number }[] = [];
  #held = false;
  #cancel: (() => void) | undefined = undefined;

  constructor(
    private readonly clock: Clock,
    private readonly deliver: (item: T) => void,
  ) {}

  /** Whether what comes now would be delivered next. */
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

  /** Forgets what waits; leaves no timer behind. */
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
