import { Observable, type SchedulerLike, type Subscriber, Subscription } from 'rxjs';
import { checkAtLeast, checkDuration, checkFunction, checkLimit, checkOptions, MAX_TIMER_DELAY } from '../checks.js';
import { attempt } from '../connection/attempt.js';
import { closeQuietly } from '../connection/close.js';
import { type Connection, type ConnectionState, causeOf } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import { observeOutcomes } from '../connection/outcomes.js';
import type { ConnectionRecord, DialResult, Stay } from '../connection/record.js';
import { resolveScheduler } from '../defaults.js';
import { ConnectTimeoutError } from '../errors.js';
import { diffsOf } from '../streams/list-diff.js';
import { type Backoff, nextWait } from './backoff.js';
import { exponentialBackoff } from './exponential-backoff.js';
import { isTerminalCause } from './terminal-cause.js';

/** Why a connection is given up: dialling again cannot mend it, or has been tried often enough. */
export type AbandonReason = 'terminal' | 'max-attempts';

/** What `reconnectBroken` does, for logs and metrics. `attempt` counts from 1, `delay` is in milliseconds. */
export type ReconnectEvent<C> =
  /** The connection is dialled after `delay`. */
  | { readonly type: 'reconnect-scheduled'; readonly connection: C; readonly attempt: number; readonly delay: number }
  /** The connection is being dialled. */
  | { readonly type: 'reconnecting'; readonly connection: C; readonly attempt: number }
  /** The dial succeeded. */
  | { readonly type: 'reconnected'; readonly connection: C; readonly attempt: number }
  /** The dial failed. */
  | { readonly type: 'reconnect-failed'; readonly connection: C; readonly attempt: number; readonly cause: unknown }
  /** The connection is given up until it is up by other means. `attempt` is how many dials were made, 0 for none. */
  | {
      readonly type: 'reconnect-abandoned';
      readonly connection: C;
      readonly attempt: number;
      readonly reason: AbandonReason;
      readonly cause: unknown;
    };

/** How broken connections are redialled, and when they are given up. */
export interface ReconnectBrokenOptions {
  /** The wait before each attempt. @default exponentialBackoff() */
  readonly backoff?: Backoff | undefined;
  /**
   * After so many failed attempts in a row a connection is given up, unless it has been proven to work in between.
   * A dial made by other means that fails is one of them. @default Infinity
   */
  readonly maxAttempts?: number | undefined;
  /**
   * Whether a connection is given up for the cause of its loss, or of a dial that failed: one that dialling again
   * cannot mend. @default isTerminalCause
   */
  readonly isTerminal?: ((cause: unknown) => boolean) | undefined;
  /**
   * After so many milliseconds of being up a connection is proven to work, and begins its backoff anew when it
   * breaks again. One with `outcomes$` is proven by the first request that is answered as well. @default 1000
   */
  readonly resetAfter?: number | undefined;
  /**
   * How long a dial may take, in milliseconds, for connections without a pool: one that takes longer has failed,
   * and is closed when its connection is dialled again. @default 5000
   */
  readonly connectTimeout?: number | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

type ResolvedReconnectOptions = {
  readonly [O in keyof ReconnectBrokenOptions]-?: NonNullable<ReconnectBrokenOptions[O]>;
};

const OPTION_NAMES = ['backoff', 'maxAttempts', 'isTerminal', 'resetAfter', 'connectTimeout', 'scheduler'];

function resolveOptions(options: ReconnectBrokenOptions): ResolvedReconnectOptions {
  checkOptions('options', options, OPTION_NAMES);
  const {
    backoff = exponentialBackoff(),
    maxAttempts = Number.POSITIVE_INFINITY,
    isTerminal = isTerminalCause,
    resetAfter = 1_000,
    connectTimeout = 5_000,
  } = options;
  checkFunction('options.backoff', backoff);
  checkLimit('options.maxAttempts', maxAttempts);
  checkFunction('options.isTerminal', isTerminal);
  checkAtLeast('options.resetAfter', resetAfter, 0);
  checkDuration('options.connectTimeout', connectTimeout);
  const scheduler = resolveScheduler(options.scheduler);
  return {
    backoff,
    maxAttempts,
    isTerminal,
    resetAfter: Math.min(resetAfter, MAX_TIMER_DELAY),
    connectTimeout,
    scheduler,
  };
}

/**
 * What is being done for a connection:
 *
 * - `deciding`: it is on the list, and a user function is asked what to do
 * - `backing-off`: it is dialled when its wait is over
 * - `dialling`
 * - `abandoned`: it is given up until it is up by other means
 * - `recovering`: it is off the list; its attempts are remembered until it is proven to work
 * - `stopped`: it is forgotten
 */
type TaskPhase = 'deciding' | 'backing-off' | 'dialling' | 'abandoned' | 'recovering' | 'stopped';

/** One broken connection being brought back. */
class ReconnectTask<C extends Connection> {
  readonly record: ConnectionRecord<C>;
  phase: TaskPhase = 'deciding';
  readonly #supervisor: ReconnectSupervisor<C>;
  /** The stay in a pool that it was found in: a connection that has left its pool is not dialled. */
  readonly #stay: Stay | undefined;
  readonly #stopListening: () => void;
  /** What the phase has begun; it ends with the phase. */
  #activity = new Subscription();
  #attempts = 0;
  #lastWait = 0;
  #isListed = false;
  #isAbandoned = false;
  /** Whether its dial has failed by the clock alone and is still under way. A pool sees to that itself. */
  #isOverdue = false;

  constructor(connection: C, supervisor: ReconnectSupervisor<C>) {
    this.record = retainRecord(connection);
    this.#supervisor = supervisor;
    this.#stay = this.record.stay;
    this.#stopListening = this.record.listen({ onState: (state) => this.#stateChanged(state) });
  }

  /** It has come onto the list. */
  enter(): void {
    if (this.#isListed) return;
    this.#isListed = true;
    if (this.phase !== 'deciding' && this.phase !== 'recovering') return;
    if (this.#isAbandoned) this.#begin('abandoned');
    else this.#decide(causeOf(this.record.connection));
  }

  /** It has gone from the list: its own dial takes it off, and so does one made by other means. */
  leave(): void {
    if (!this.#isListed) return;
    this.#isListed = false;
    if (this.phase !== 'dialling') this.#recover();
  }

  /** Ends everything begun for it, and leaves a dial under way alone. */
  stop(): void {
    if (this.phase === 'stopped') return;
    this.#begin('stopped');
    this.#stopListening();
    releaseRecord(this.record.connection);
    this.#supervisor.drop(this);
  }

  #begin(phase: TaskPhase): Subscription {
    this.#activity.unsubscribe();
    this.phase = phase;
    this.#activity = new Subscription();
    return this.#activity;
  }

  #decide(cause: unknown): void {
    const deciding = this.#begin('deciding');
    let next: number | AbandonReason;
    try {
      next = this.#nextAction(cause);
    } catch (error) {
      this.#supervisor.subscriber.error(error);
      return;
    }
    // The user function that was asked may have removed the connection.
    if (this.#activity !== deciding) return;
    if (typeof next === 'number') this.#backOff(next);
    else this.#abandon(next, cause);
  }

  #nextAction(cause: unknown): number | AbandonReason {
    const { isTerminal, maxAttempts, backoff } = this.#supervisor.options;
    if (isTerminal(cause)) return 'terminal';
    if (this.#attempts >= maxAttempts) return 'max-attempts';
    return nextWait(backoff, this.#attempts + 1, this.#lastWait);
  }

  #backOff(delay: number): void {
    this.#lastWait = delay;
    const attempt = ++this.#attempts;
    const { scheduler } = this.#supervisor.options;
    this.#begin('backing-off').add(scheduler.schedule(() => this.#redial(), delay));
    this.#emit({ type: 'reconnect-scheduled', connection: this.record.connection, attempt, delay });
  }

  #redial(): void {
    const { connection } = this.record;
    const waiting = this.#activity;
    const attempt = this.#attempts;
    this.#emit({ type: 'reconnecting', connection, attempt });
    // A subscriber may have removed the connection when it was told.
    if (this.#activity !== waiting || this.#hasLeftPool) return;
    const dialling = this.#begin('dialling');
    if (this.#isOverdue) {
      this.#isOverdue = false;
      closeQuietly(connection);
      if (this.#activity !== dialling) return;
    }
    void this.#dial(dialling).then((result) => {
      if (result.ok) this.#emit({ type: 'reconnected', connection, attempt });
      else this.#emit({ type: 'reconnect-failed', connection, attempt, cause: result.cause });
      if (this.#activity === dialling) this.#dialled(result);
    });
  }

  /** Dials within the limits of the pool, or of the options where there is none. */
  #dial(waiting: Subscription): Promise<DialResult> {
    const { record } = this;
    if (record.stay?.isMember) return record.stay.dial();
    const { connectTimeout: timeout, scheduler } = this.#supervisor.options;
    return new Promise((resolve) => {
      waiting.add(attempt(record, { timeout, scheduler, connects: true }, resolve));
    });
  }

  #dialled(result: DialResult): void {
    const { record } = this;
    const isTimeout = !result.ok && result.cause instanceof ConnectTimeoutError;
    this.#isOverdue = isTimeout && !record.stay && record.state === 'connecting';
    if (this.#supervisor.isCompleting) this.stop();
    else if (!this.#isListed && !this.#isOverdue) this.#recover();
    else this.#decide(result.ok ? causeOf(record.connection) : result.cause);
  }

  #abandon(reason: AbandonReason, cause: unknown): void {
    const { connection } = this.record;
    const abandoned = this.#begin('abandoned');
    this.#isAbandoned = true;
    this.#emit({ type: 'reconnect-abandoned', connection, attempt: this.#attempts, reason, cause });
    if (this.#isOverdue && this.#activity === abandoned) closeQuietly(connection);
  }

  #stateChanged(state: ConnectionState): void {
    if (state === 'connected' && this.#isAbandoned) {
      this.#isAbandoned = false;
      this.#attempts = this.#lastWait = 0;
    }
    const wasOverdue = this.#isOverdue;
    this.#isOverdue = false;
    if (wasOverdue && !this.#isListed) this.#recover();
  }

  /**
   * Remembers the attempts until the connection is proven to work: until a request has been answered, or `resetAfter`
   * has passed since the end of the first dial. Later dials do not prolong that, or one that is dialled without end
   * would be remembered for good.
   */
  #recover(): void {
    const { record } = this;
    const recovering = this.#begin('recovering');
    const stop = (): void => this.stop();
    if (this.#isGone) {
      stop();
      return;
    }
    const { resetAfter, scheduler } = this.#supervisor.options;
    let timer: Subscription | undefined;
    let dialHasEnded = false;
    const startTimer = (): void => {
      timer?.unsubscribe();
      timer = scheduler.schedule(stop, resetAfter);
    };
    recovering.add(() => timer?.unsubscribe());
    const onState = (state: ConnectionState): void => {
      if (this.#isGone) stop();
      else if (dialHasEnded) return;
      // The list told of the dial before the connection did.
      else if (state === 'connecting') timer?.unsubscribe();
      else {
        dialHasEnded = true;
        startTimer();
      }
    };
    recovering.add(record.listen({ onState, onRetired: stop }));
    onFirstSuccess(record, recovering, stop);
    if (!recovering.closed && !isBeingDialled(record)) startTimer();
  }

  get #hasLeftPool(): boolean {
    return this.#stay !== undefined && (this.record.stay !== this.#stay || !this.#stay.isMember);
  }

  /** Left its pool, or closed for good; a pool also closes what took too long to dial, and dials it again. */
  get #isGone(): boolean {
    const { state, stay } = this.record;
    return this.#hasLeftPool || (state === 'closed' && !stay?.isClosedByPool);
  }

  #emit(event: ReconnectEvent<C>): void {
    this.#supervisor.subscriber.next(event);
  }
}

/** Being dialled, or queued by its pool to be dialled again after a closing. */
export const isBeingDialled = ({ state, stay }: ConnectionRecord): boolean =>
  state === 'connecting' || (stay?.isDialling === true && state !== 'connected');

/** Calls `proven` when a request is answered over a connection that is up, where the connection tells of its requests. */
function onFirstSuccess(record: ConnectionRecord, life: Subscription, proven: () => void): void {
  // What `outcomes$` replays is of an earlier session.
  let isReplay = true;
  observeOutcomes(record.connection, life, (ok) => {
    if (ok && !isReplay && record.state === 'connected') proven();
  });
  isReplay = false;
}

/** The reconnect tasks of one subscription. */
class ReconnectSupervisor<C extends Connection> {
  /** Whether the source has completed: no further attempt is made. */
  isCompleting = false;
  readonly #tasks = new Map<C, ReconnectTask<C>>();

  constructor(
    readonly subscriber: Subscriber<ReconnectEvent<C>>,
    readonly options: ResolvedReconnectOptions,
  ) {}

  add(connection: C): void {
    const task = this.#tasks.get(connection) ?? new ReconnectTask(connection, this);
    this.#tasks.set(connection, task);
    task.enter();
  }

  remove(connection: C): void {
    this.#tasks.get(connection)?.leave();
  }

  complete(): void {
    this.isCompleting = true;
    for (const task of this.#tasks.values()) if (task.phase !== 'dialling') task.stop();
    this.#completeWhenSettled();
  }

  clear(): void {
    for (const task of this.#tasks.values()) task.stop();
  }

  drop({ record }: ReconnectTask<C>): void {
    this.#tasks.delete(record.connection);
    this.#completeWhenSettled();
  }

  #completeWhenSettled(): void {
    if (this.isCompleting && this.#tasks.size === 0) this.subscriber.complete();
  }
}

/**
 * Redials every connection of the source until it is up or leaves the source, each with a backoff of its own.
 * A connection that a dial takes off the list keeps its backoff until it is proven to work. A dial is judged by
 * `state$`; the promise of `connect()` tells the cause. In a pool, dials keep to the pool's `maxDials` and
 * `connectTimeout`.
 *
 * A connection that breaks for a terminal cause, or has used up `maxAttempts`, is given up: left as it is, without
 * a timer, until it is up by other means. When it breaks after that it is redialled like any other.
 *
 * Cold. Unsubscribing cancels what is waiting and leaves a dial under way alone. When the source completes,
 * what is waiting is cancelled and the result completes once dials have settled. Errors with its source, and when
 * `isTerminal` or `backoff` throws or the latter returns no number of milliseconds.
 *
 * ```text
 * source:                             --[a]------[]--------[a]-----
 * reconnectBroken():                  --s----d---------f---s----d--   (s scheduled, d dialling, f failed)
 * reconnectBroken({ maxAttempts: 1 }) --s----d---------(fa)--------   (a abandoned)
 * ```
 *
 * @throws TypeError, RangeError for options that cannot be.
 * @example
 * ```ts
 * pool.broken$.pipe(reconnectBroken({ backoff: exponentialBackoff({ max: 1_000 }) })).subscribe(console.log);
 * ```
 */
export function reconnectBroken<C extends Connection>(
  options: ReconnectBrokenOptions = {},
): (source: Observable<readonly C[]>) => Observable<ReconnectEvent<C>> {
  const resolved = resolveOptions(options);
  return (source) =>
    new Observable((subscriber) => {
      const supervisor = new ReconnectSupervisor<C>(subscriber, resolved);
      subscriber.add(() => supervisor.clear());
      return diffsOf(source).subscribe({
        next: ({ added, removed }) => {
          for (const connection of removed) supervisor.remove(connection);
          for (const connection of added) supervisor.add(connection);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => supervisor.complete(),
      });
    });
}
