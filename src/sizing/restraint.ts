import type { SchedulerLike, Subscription } from 'rxjs';
import { LONGEST_WAIT } from '../checks.js';
import { outOfRange } from '../errors.js';

/** Milliseconds without a failure after which the next one is the first. */
const CALM = 1_000;

/** Holds back after a failure, longer if it follows another one closely. */
export class Restraint {
  holds = false;
  #attempt = 0;
  #delay = 0;
  #timer: Subscription | undefined;

  /** @param released - called when it holds no longer. */
  constructor(
    readonly backoff: (attempt: number, previous: number) => number,
    readonly scheduler: SchedulerLike,
    readonly released: () => void,
  ) {}

  /** Something has failed. While it holds already, that is the same failure to it. */
  begin(): void {
    if (this.holds) return;
    this.#timer?.unsubscribe();
    const delay = this.backoff(++this.#attempt, this.#delay);
    if (!(delay >= 0)) throw outOfRange('backoff(attempt)', 'a number of milliseconds', delay);
    this.#delay = Math.min(delay, LONGEST_WAIT);
    this.holds = true;
    this.#timer = this.scheduler.schedule(() => this.#release(), this.#delay);
  }

  end(): void {
    this.#timer?.unsubscribe();
  }

  #release(): void {
    this.holds = false;
    this.#timer = this.scheduler.schedule(() => {
      this.#attempt = this.#delay = 0;
    }, CALM);
    this.released();
  }
}
