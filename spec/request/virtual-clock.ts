import type { Clock } from 'rxpool/zcached';

interface Timer {
  readonly at: number;
  readonly work: () => void;
}

/** A clock that the test advances. */
export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  readonly #checks = new Set<() => void>();
  #now = 0;

  /** Timers that would still fire. */
  get pending(): number {
    return this.#timers.size + this.#checks.size;
  }

  now(): number {
    return this.#now;
  }

  after(delay: number, work: () => void): () => void {
    const timer = { at: this.#now + delay, work };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  afterIo(work: () => void): () => void {
    const check = (): void => work();
    this.#checks.add(check);
    return () => this.#checks.delete(check);
  }

  /** Advances by `ms`, timer by timer. After each timer runs `io`, then the callbacks of `afterIo`. */
  advance(ms: number, io = (): void => {}): void {
    const end = this.#now + ms;
    for (let next = this.#earliest(end); next; next = this.#earliest(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.work();
      io();
      this.#check();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** Loses every timer, as a test does that replaces the clock of the process for a while. */
  loseTimers(): void {
    this.#timers.clear();
    this.#checks.clear();
  }

  /** Stalls the event loop for `ms`: due timers fire late, then pending input is handled by `io`. */
  stall(ms: number, io: () => void): void {
    this.#now += ms;
    for (const timer of [...this.#timers].filter(({ at }) => at <= this.#now)) {
      this.#timers.delete(timer);
      timer.work();
    }
    io();
    this.#check();
  }

  #check(): void {
    for (const check of [...this.#checks]) {
      this.#checks.delete(check);
      check();
    }
  }

  #earliest(end: number): Timer | undefined {
    const due = [...this.#timers].filter(({ at }) => at <= end);
    return due.sort((a, b) => a.at - b.at)[0];
  }
}
