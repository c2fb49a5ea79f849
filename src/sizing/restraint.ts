import type { SchedulerLike, Subscription } from 'rxjs';
import { type Backoff, nextWait } from '../healing/backoff.js';

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
    readonly backoff: Backoff,
    readonly scheduler: SchedulerLike,
    readonly released: () => void,
  ) {}

  /** Something has failed. While it holds already, that is the same failure to it. */
  begin(): void {
    if (this.holds) return;
    this.#timer?.unsubscribe();
    this.#delay = nextWait(this.backoff, ++this.#attempt, this.#delay);
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
