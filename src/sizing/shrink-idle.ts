import { Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';
import { checkAtLeast, checkFunction, checkOptions, checkSize, MAX_TIMER_DELAY } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import { resolveScheduler } from '../defaults.js';
import { forEachMember } from '../streams/for-each-member.js';
import { runAndEmit } from '../streams/run-command.js';

/** When connections are too many. */
export interface ShrinkIdleOptions {
  /** Milliseconds throughout which they were not needed. @default 60000 */
  readonly idleTimeout?: number | undefined;
  /** How many unused connections are kept for what may come. @default 1 */
  readonly minIdle?: number | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** Looks for the least number of idle connections during each window; a window begins when there is one to spare. */
class Tide {
  #idle = 0;
  #lowest = 0;
  #window: Subscription | undefined;

  constructor(
    readonly remove: (surplus: number) => void,
    readonly minIdle: number,
    readonly length: number,
    readonly scheduler: SchedulerLike,
  ) {}

  /** Counts a connection in; to be followed by `look` when all that came with it are in. */
  follow(connection: Connection, stay: Subscription): void {
    const record = retainRecord(connection);
    let idle = record.load === 0;
    if (idle) this.#idle++;
    const unwatch = record.listen({
      onLoad: () => {
        // Somebody told before may have changed it again.
        if (idle === (record.load === 0)) return;
        idle = !idle;
        this.#idle += idle ? 1 : -1;
        this.look();
      },
    });
    stay.add(() => {
      unwatch();
      releaseRecord(connection);
      if (idle) this.#idle--;
      this.look();
    });
  }

  clear(): void {
    this.#window?.unsubscribe();
  }

  look(): void {
    if (this.#window) this.#lowest = Math.min(this.#lowest, this.#idle);
    else if (this.#idle > this.minIdle) this.#open();
  }

  #open(): void {
    this.#lowest = this.#idle;
    this.#window = this.scheduler.schedule(() => this.#end(), this.length);
  }

  #end(): void {
    const surplus = this.#lowest - this.minIdle;
    // The next window begins without those who are removed now.
    if (surplus > 0) this.remove(surplus);
    this.#window = undefined;
    this.look();
  }
}

/**
 * Parts with connections that were not needed: at the end of each window of `idleTimeout` it calls `remove` with the
 * smallest number of connections that carried nothing at any moment of it, less `minIdle`. In a pool that spreads its
 * load each connection is touched now and then; this number says how many fewer would have done.
 *
 * All of them go at once, as none was missed for so long; choose a window longer than the pauses of your load. One
 * that has come in meanwhile, or back after a loss, adds nothing to the number. A window begins when there is
 * a connection to spare.
 *
 * Emits the number once `remove` has returned, and its promise, if it returned one, has resolved. Cold; unsubscribing
 * ends the window. Completes and errors with its source, and errors when `remove` throws or rejects.
 *
 * ```text
 * carrying nothing:                         3-------2----4----------3----
 * shrinkIdle(remove, { idleTimeout: 20 }):  --------------------1--------   (at least 2, less minIdle)
 * ```
 *
 * @param remove - removes so many that carry nothing.
 * @example
 * ```ts
 * pool.connected$.pipe(shrinkIdle((surplus) => pool.reducePoolConnections(surplus))).subscribe();
 * ```
 */
export function shrinkIdle(
  remove: (surplus: number) => unknown,
  options: ShrinkIdleOptions = {},
): OperatorFunction<readonly Connection[], number> {
  checkFunction('remove', remove);
  checkOptions('options', options, ['idleTimeout', 'minIdle', 'scheduler']);
  const { idleTimeout = 60_000, minIdle = 1 } = options;
  checkAtLeast('options.idleTimeout', idleTimeout, 1);
  checkSize('options.minIdle', minIdle);
  const scheduler = resolveScheduler(options.scheduler);
  const window = Math.min(idleTimeout, MAX_TIMER_DELAY);
  return (source) =>
    new Observable((subscriber) => {
      const removeAndTell = (surplus: number): void => runAndEmit(remove, surplus, subscriber);
      const tide = new Tide(removeAndTell, minIdle, window, scheduler);
      const look = (): void => tide.look();
      forEachMember(source, subscriber, (connection, stay) => tide.follow(connection, stay), look);
      // After everybody has left, which may have begun a window.
      subscriber.add(() => tide.clear());
    });
}
