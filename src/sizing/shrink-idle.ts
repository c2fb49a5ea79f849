import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';
import { atLeast, checkEach, checkFunction, checkScheduler, checkSize, MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import { forEachMember } from '../streams/for-each-member.js';
import { type CommandFailure, runAndEmit } from '../streams/run-command.js';

/** Options of {@link shrinkIdle}. */
export interface ShrinkIdleOptions {
  /** Length of a window in milliseconds: the fewest idle connections in a window are counted. @default 60000 */
  readonly idleTimeout?: number | undefined;
  /** How many idle connections are kept. @default 1 */
  readonly minIdle?: number | undefined;
  /** The clock of the windows. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** Measures the minimum of idle connections in a window. A window starts when more than `minIdle` are idle. */
class IdleWindow {
  #idle = 0;
  #minimum = 0;
  #timer: Subscription | undefined;

  constructor(
    readonly remove: (surplus: number) => void,
    readonly minIdle: number,
    readonly length: number,
    readonly scheduler: SchedulerLike,
  ) {}

  /** Counts a connection. Call `update` after all connections that entered with it are counted. */
  add(connection: Connection, presence: Subscription): void {
    const record = retainRecord(connection);
    // A connection that the pool lends to no caller now may be needed as soon as it does.
    const isIdle = (): boolean => record.load === 0 && !record.stay?.isHeld;
    let idle = isIdle();
    if (idle) this.#idle++;
    const check = (): void => {
      // A listener called earlier may have changed the load again.
      if (idle === isIdle()) return;
      idle = !idle;
      this.#idle += idle ? 1 : -1;
      this.update();
    };
    const unwatch = record.listen({ onLoad: check, onHeld: check });
    presence.add(() => {
      unwatch();
      releaseRecord(connection);
      if (idle) this.#idle--;
      this.update();
    });
  }

  clear(): void {
    this.#timer?.unsubscribe();
  }

  update(): void {
    if (this.#timer) this.#minimum = Math.min(this.#minimum, this.#idle);
    else if (this.#idle > this.minIdle) this.#start();
  }

  #start(): void {
    this.#minimum = this.#idle;
    this.#timer = this.scheduler.schedule(() => this.#finish(), this.length);
  }

  #finish(): void {
    const surplus = this.#minimum - this.minIdle;
    // Removed before the next window starts, which then does not count them.
    if (surplus > 0) this.remove(surplus);
    this.#timer = undefined;
    this.update();
  }
}

/**
 * Removes idle connections. At the end of each window of `idleTimeout` it calls `remove` with the smallest number of
 * connections without load during the window, less `minIdle`. This also works in a pool that spreads its load over all
 * connections, where none stays idle for long.
 *
 * A window starts when more than `minIdle` connections have no load. A connection that entered during the window does
 * not raise the number. Surplus connections are removed all at once, so choose a window longer than the pauses of your
 * load. A connection does not count as idle while the pool is suspended or its capacity is 0.
 *
 * Emits the number once `remove` has returned and its promise, if any, has resolved. If `remove` fails, a
 * {@link CommandFailure} is emitted, and the next window counts again. Cold. Completes and errors with its source.
 * Unsubscribing cancels the window.
 *
 * ```text
 * without load:                             3-------2----4----------3----
 * shrinkIdle(remove, { idleTimeout: 20 }):  --------------------1--------   (at least 2, less minIdle)
 * ```
 *
 * @param remove - removes the given number of idle connections, and may return a promise.
 * @throws TypeError, RangeError for invalid arguments.
 * @example
 * ```ts
 * pool.connected$.pipe(shrinkIdle((surplus) => pool.reducePoolConnections(surplus))).subscribe();
 * ```
 */
export function shrinkIdle(
  remove: (surplus: number) => unknown,
  options: ShrinkIdleOptions = {},
): OperatorFunction<readonly Connection[], number | CommandFailure> {
  checkFunction('remove', remove);
  checkEach('options', options, { idleTimeout: atLeast(1), minIdle: checkSize, scheduler: checkScheduler });
  const { idleTimeout = 60_000, minIdle = 1, scheduler = asyncScheduler } = options;
  const window = Math.min(idleTimeout, MAX_TIMER_DELAY);
  return (source) =>
    new Observable((subscriber) => {
      const removeAndEmit = (surplus: number): void => runAndEmit(() => remove(surplus), surplus, subscriber);
      const idleWindow = new IdleWindow(removeAndEmit, minIdle, window, scheduler);
      const update = (): void => idleWindow.update();
      forEachMember(source, subscriber, (connection, presence) => idleWindow.add(connection, presence), update);
      // Added last: the connections that leave at unsubscription call `update`, which may start a window.
      subscriber.add(() => idleWindow.clear());
    });
}
