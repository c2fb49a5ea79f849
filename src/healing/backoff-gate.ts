import type { SchedulerLike, Subscriber, Subscription } from 'rxjs';
import { type Backoff, nextWait } from './backoff.js';

/** Milliseconds without a failure after which the backoff starts again at the first attempt. */
const RESET_AFTER = 1_000;

/** Closes for the backoff after a failure. A failure soon after it opened counts as the next attempt of the backoff. */
export class BackoffGate {
  isClosed = false;
  #attempt = 0;
  #delay = 0;
  #timer: Subscription | undefined;

  /**
   * @param subscriber - errors when the user's `backoff` throws.
   * @param onOpen - called when the backoff has passed.
   */
  constructor(
    readonly backoff: Backoff,
    readonly scheduler: SchedulerLike,
    readonly subscriber: Subscriber<unknown>,
    readonly onOpen: () => void,
  ) {}

  /** Closes the gate after a failure. Does nothing while it is closed: failures at the same time count as one. */
  close(): void {
    if (this.isClosed) return;
    this.#timer?.unsubscribe();
    try {
      this.#delay = nextWait(this.backoff, ++this.#attempt, this.#delay);
    } catch (error) {
      this.subscriber.error(error);
      return;
    }
    this.isClosed = true;
    this.#timer = this.scheduler.schedule(() => this.#open(), this.#delay);
  }

  /** Opens the gate after a success: the backoff starts again at the first attempt. */
  reset(): void {
    this.#timer?.unsubscribe();
    this.isClosed = false;
    this.#attempt = this.#delay = 0;
  }

  cancel(): void {
    this.#timer?.unsubscribe();
  }

  #open(): void {
    this.isClosed = false;
    this.#timer = this.scheduler.schedule(() => {
      this.#attempt = this.#delay = 0;
    }, RESET_AFTER);
    this.onOpen();
  }
}
