import { asyncScheduler, Observable, type SchedulerLike, type Subscriber, Subscription } from 'rxjs';
import {
  atLeast,
  checkDuration,
  checkEach,
  checkFunction,
  checkLimit,
  checkScheduler,
  checkTimeout,
  MAX_TIMER_DELAY,
  type Resolved,
  unless,
} from '../checks.js';
import { attempt } from '../connection/attempt.js';
import { closeQuietly } from '../connection/close.js';
import { type Connection, type ConnectionState, causeOf, textOf } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import { observeOutcomes } from '../connection/outcomes.js';
import { type ConnectionRecord, type DialResult, isBeingDialled, isDown, isUp } from '../connection/record.js';
import { platformRandom } from '../defaults.js';
import { ConnectTimeoutError } from '../errors.js';
import { diffsOf } from '../streams/list-diff.js';
import { type Backoff, nextWait } from './backoff.js';
import { exponentialBackoff } from './exponential-backoff.js';
import { isTerminalCause } from './terminal-cause.js';

/**
 * Why a connection is abandoned: `terminal` if redialling cannot mend the cause, `max-attempts` after too many failed
 * dials.
 */
export type AbandonReason = 'terminal' | 'max-attempts';

/** An action of `reconnectBroken`, for logs and metrics. */
export type ReconnectEvent<C> = {
  /** The connection. */
  readonly connection: C;
  /** The number of the attempt, from 1. For `reconnect-abandoned`, the number of dials made; 0 for none. */
  readonly attempt: number;
} & (
  | {
      /** The connection is to be dialled after `delay`. */
      readonly type: 'reconnect-scheduled';
      /** Milliseconds until the dial. */
      readonly delay: number;
    }
  | {
      /** The connection is being dialled. */
      readonly type: 'reconnecting';
    }
  | {
      /** The dial succeeded. */
      readonly type: 'reconnected';
    }
  | {
      /** The dial failed. */
      readonly type: 'reconnect-failed';
      /** Why it failed. */
      readonly cause: unknown;
    }
  | {
      /**
       * The connection is abandoned: dialled only rarely until it is up. Emitted once for each reason; a rare dial that
       * fails is emitted as `reconnect-failed`.
       */
      readonly type: 'reconnect-abandoned';
      /** Why it is abandoned. */
      readonly reason: AbandonReason;
      /** The cause of its loss, or of the last dial that failed. */
      readonly cause: unknown;
    }
);

/** Options of {@link reconnectBroken}. */
export interface ReconnectBrokenOptions {
  /** The wait before each attempt. @default exponentialBackoff() */
  readonly backoff?: Backoff | undefined;
  /**
   * A connection is abandoned after this many failed dials in a row. Dials made by other means count too. The count
   * restarts once the connection has proven to work. @default Infinity
   */
  readonly maxAttempts?: number | undefined;
  /**
   * Whether the cause of a loss or of a failed dial is one that redialling cannot mend. If so, the connection is
   * abandoned. @default isTerminalCause
   */
  readonly isTerminal?: ((cause: unknown) => boolean) | undefined;
  /**
   * Milliseconds of being up after which a connection has proven to work, so that its backoff restarts when it breaks
   * again. The first answered request proves it as well, as told by `outcomes$` or by the pool's `use` and
   * `withConnection`. @default 1000
   */
  readonly resetAfter?: number | undefined;
  /**
   * Milliseconds that a dial of a connection without a pool may take. A dial that takes longer has failed; its
   * connection is closed at the next dial. @default 5000
   */
  readonly connectTimeout?: number | undefined;
  /**
   * Milliseconds between the dials of an abandoned connection; each wait is random, between half and all of it. `false`
   * for never. @default 30000
   */
  readonly abandonedInterval?: number | false | undefined;
  /** Returns a number in [0, 1) that spreads those waits. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** The clock of all waits. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

function resolveOptions(options: ReconnectBrokenOptions): Resolved<ReconnectBrokenOptions> {
  checkEach('options', options, {
    backoff: checkFunction,
    maxAttempts: checkLimit,
    isTerminal: checkFunction,
    resetAfter: atLeast(0),
    connectTimeout: checkDuration,
    abandonedInterval: unless(false, checkTimeout),
    random: checkFunction,
    scheduler: checkScheduler,
  });
  return {
    backoff: options.backoff ?? exponentialBackoff(),
    maxAttempts: options.maxAttempts ?? Number.POSITIVE_INFINITY,
    isTerminal: options.isTerminal ?? isTerminalCause,
    resetAfter: Math.min(options.resetAfter ?? 1_000, MAX_TIMER_DELAY),
    connectTimeout: options.connectTimeout ?? 5_000,
    abandonedInterval: options.abandonedInterval ?? 30_000,
    random: options.random ?? platformRandom,
    scheduler: options.scheduler ?? asyncScheduler,
  };
}

/**
 * What the task does for its connection:
 *
 * - `watching`: nothing, because the connection is up, dialled by other means, or off the list. Its attempts are
 *   remembered until it has proven to work
 * - `deciding`: a user function is asked what to do
 * - `backing-off`: it waits, and dials then
 * - `dialling`: it dials; with `skipsWait` the next dial follows at once, because another connection came up during
 *   this dial
 * - `abandoned`: it dials rarely
 * - `stopped`: it has ended
 *
 * `activity` holds what the state has begun, and ends with it.
 */
type TaskState =
  | { readonly phase: QuietPhase; readonly activity: Subscription }
  | { readonly phase: 'dialling'; readonly activity: Subscription; skipsWait: boolean };

type QuietPhase = 'watching' | 'deciding' | 'backing-off' | 'abandoned' | 'stopped';

/** The redialling of one connection, from when it breaks until it has proven to work again. */
class ReconnectTask<C extends Connection> {
  readonly record: ConnectionRecord<C>;
  #state: TaskState = { phase: 'watching', activity: new Subscription() };
  readonly #supervisor: ReconnectSupervisor<C>;
  /** Whether the connection was in a pool at first: it is not dialled after it has left its pool. */
  readonly #isPooled: boolean;
  readonly #stopListening: () => void;
  #isListed = false;
  /** Dials since the connection last proved to work. */
  #attempts = 0;
  #lastWait = 0;
  /** Why the connection is abandoned; undefined once it has been up again. */
  #abandoned: AbandonReason | undefined;
  /**
   * Whether its dial is still under way after `connectTimeout`. In a pool this stays false, because the pool ends the
   * dial.
   */
  #isOverdue = false;
  /**
   * Whether the success of another connection ended its wait early. That happens once until a wait has ended by itself.
   */
  #isWoken = false;

  constructor(connection: C, supervisor: ReconnectSupervisor<C>) {
    this.record = retainRecord(connection);
    this.#supervisor = supervisor;
    this.#isPooled = this.record.stay !== undefined;
    this.#stopListening = this.record.listen({
      onState: (state) => this.#changed(state === 'connected'),
      onRetired: () => {
        if (this.#isGone) this.#changed(false);
      },
    });
  }

  get isDialling(): boolean {
    return this.#state.phase === 'dialling';
  }

  /** The connection has entered the list, which may be late. */
  enter(): void {
    if (this.#isListed) return;
    this.#isListed = true;
    if (this.#state.phase === 'watching') this.#look();
  }

  /** The connection has left the list, because of a dial by this task or by other means. */
  leave(): void {
    if (!this.#isListed) return;
    this.#isListed = false;
    if (this.#state.phase === 'watching') this.#stopIfForgotten();
    else if (!this.isDialling) this.#watch();
  }

  /** Another connection to the same endpoint is up: dials at once. After a failure the next wait is not cut short. */
  wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    if (this.#state.phase === 'dialling') this.#state.skipsWait = true;
    else this.#redial();
  }

  /** Ends the task; a dial under way goes on. */
  stop(): void {
    if (this.#state.phase === 'stopped') return;
    this.#go({ phase: 'stopped', activity: Subscription.EMPTY });
    this.#stopListening();
    releaseRecord(this.record.connection);
    this.#supervisor.forget(this);
  }

  #begin(phase: QuietPhase): TaskState {
    return this.#go({ phase, activity: new Subscription() });
  }

  #go<S extends TaskState>(state: S): S {
    this.#state.activity.unsubscribe();
    this.#state = state;
    return state;
  }

  /** Acts on the state of the connection, whatever the list contains. */
  #look(): void {
    if (this.#isDue) this.#decide(causeOf(this.record.connection));
    else this.#watch();
  }

  /** @param isConnected - whether the connection says that it is connected now. */
  #changed(isConnected: boolean): void {
    const { record } = this;
    const { phase } = this.#state;
    this.#isOverdue = false;
    if (phase === 'dialling' || phase === 'deciding' || phase === 'stopped') return;
    if (phase === 'watching' ? this.#isDue : !this.#isDue) this.#look();
    else if (this.#isGone) this.#stopIfForgotten();
    if (isConnected && isUp(record)) this.#cameUp();
  }

  /** @param skipsWait - whether the next dial, if there is one, follows at once. */
  #decide(cause: unknown, skipsWait = false): void {
    const deciding = this.#begin('deciding');
    let next: number | AbandonReason;
    try {
      next = this.#nextAction(cause);
    } catch (error) {
      this.#supervisor.subscriber.error(error);
      return;
    }
    // The user function may have removed the connection.
    if (this.#state !== deciding) return;
    if (typeof next === 'number') this.#backOff(skipsWait ? 0 : next, skipsWait);
    else this.#abandon(next, cause);
  }

  #nextAction(cause: unknown): number | AbandonReason {
    const { isTerminal, maxAttempts, backoff } = this.#supervisor.options;
    if (isTerminal(cause)) return 'terminal';
    if (this.#attempts >= maxAttempts) return 'max-attempts';
    return nextWait(backoff, this.#attempts + 1, this.#lastWait);
  }

  #backOff(delay: number, skipsWait: boolean): void {
    this.#abandoned = undefined;
    if (!skipsWait) this.#lastWait = delay;
    const attempt = ++this.#attempts;
    const { connection } = this.record;
    const waiting = this.#begin('backing-off');
    if (!skipsWait) this.#dialAfter(delay, waiting);
    this.#emit({ type: 'reconnect-scheduled', connection, attempt, delay });
    if (skipsWait && this.#state === waiting) this.#redial();
  }

  /** Abandons the connection. If a rare dial fails for the same reason, only `reconnect-failed` is emitted. */
  #abandon(reason: AbandonReason, cause: unknown): void {
    const { connection, stay } = this.record;
    const { abandonedInterval, random } = this.#supervisor.options;
    const isNew = this.#abandoned !== reason;
    this.#abandoned = reason;
    const abandoned = this.#begin('abandoned');
    if (abandonedInterval !== false) this.#dialAfter(abandonedInterval * (1 - random() / 2), abandoned);
    stay?.giveUp(cause);
    if (isNew) this.#emit({ type: 'reconnect-abandoned', connection, attempt: this.#attempts, reason, cause });
    // Closed here, because no further dial closes it.
    if (this.#isOverdue && abandonedInterval === false && this.#state === abandoned) closeQuietly(connection);
  }

  /** Dials after `delay`, or when another connection to the endpoint comes up. */
  #dialAfter(delay: number, { activity }: TaskState): void {
    this.#supervisor.keepWaiting(this, activity);
    const waited = (): void => {
      this.#isWoken = false;
      this.#redial();
    };
    activity.add(this.#supervisor.options.scheduler.schedule(waited, delay));
  }

  #redial(): void {
    const { connection } = this.record;
    if (!this.#isDue && !this.#isOverdue) {
      this.#watch();
      return;
    }
    const waiting = this.#state;
    if (waiting.phase === 'abandoned') this.#attempts++;
    const attempt = this.#attempts;
    this.#emit({ type: 'reconnecting', connection, attempt });
    // A subscriber may have removed the connection when it received the event.
    if (this.#state !== waiting || this.#isGone) return;
    const dialling = this.#go({ phase: 'dialling', activity: new Subscription(), skipsWait: false });
    this.#supervisor.keepWaiting(this, dialling.activity);
    if (this.#isOverdue) {
      this.#isOverdue = false;
      closeQuietly(connection);
      if (this.#state !== dialling) return;
    }
    void this.#dial(dialling.activity).then((result) => {
      if (result.ok) this.#emit({ type: 'reconnected', connection, attempt });
      else this.#emit({ type: 'reconnect-failed', connection, attempt, cause: result.cause });
      if (this.#state === dialling) this.#dialled(result, dialling.skipsWait);
    });
  }

  /** Dials within the limits of the pool, or else within those of the options. */
  #dial(waiting: Subscription): Promise<DialResult> {
    const { record } = this;
    if (record.stay?.isMember) return record.stay.dial();
    const { connectTimeout: timeout, scheduler } = this.#supervisor.options;
    return new Promise((resolve) => {
      waiting.add(attempt(record, { timeout, scheduler, connects: true }, resolve));
    });
  }

  #dialled(result: DialResult, skipsWait: boolean): void {
    const { record } = this;
    if (this.#supervisor.isCompleting) this.stop();
    else if (result.ok) {
      this.#cameUp();
      if (this.isDialling) this.#look();
    } else {
      const isTimeout = result.cause instanceof ConnectTimeoutError;
      this.#isOverdue = isTimeout && !record.stay && record.state === 'connecting';
      if (this.#isOverdue || this.#isDue) this.#decide(result.cause, skipsWait);
      else this.#watch();
    }
  }

  /** The connection is up: it is no longer abandoned, and the connections that wait for its endpoint are dialled. */
  #cameUp(): void {
    if (this.#abandoned) this.#forget();
    if (!this.#isWoken) this.#supervisor.wakeOthers(this);
  }

  #forget(): void {
    this.#abandoned = undefined;
    this.#attempts = this.#lastWait = 0;
  }

  /** Remembers the attempts until the connection has proven to work. */
  #watch(): void {
    const { stay } = this.record;
    const { activity } = this.#begin('watching');
    if (this.#stopIfForgotten() || this.#isForgotten) return;
    if (stay?.isDialling) {
      // A dial by the pool may still fail after the state changed: a warm-up follows.
      void stay.dial().then(({ ok }) => {
        if (activity.closed) return;
        if (ok) this.#cameUp();
        else this.#changed(false);
      });
    }
    onProven(this.record, this.#supervisor.options, activity, () => {
      this.#forget();
      this.#isWoken = false;
      this.#watch();
    });
  }

  #stopIfForgotten(): boolean {
    const isOver = !this.#isListed && this.#isForgotten;
    if (isOver) this.stop();
    return isOver;
  }

  /** Whether there is nothing to remember. */
  get #isForgotten(): boolean {
    return this.#isGone || (this.#attempts === 0 && !this.#abandoned && !this.#isWoken);
  }

  /** Whether the connection needs a dial; the list may be late. */
  get #isDue(): boolean {
    return this.#isListed && isDown(this.record) && !this.#isGone;
  }

  /**
   * Whether the connection has left its pool, or its owner has closed it. A pool also closes a connection in order to
   * redial it.
   */
  get #isGone(): boolean {
    const { state, stay } = this.record;
    return (this.#isPooled && !stay?.isMember) || (state === 'closed' && !stay?.isClosedByPool);
  }

  #emit(event: ReconnectEvent<C>): void {
    this.#supervisor.subscriber.next(event);
  }
}

/**
 * Calls `proven` when a connection has proven to work: a request was answered, or `resetAfter` has passed since the end
 * of its first dial. Later dials do not extend that time. Otherwise a connection that is dialled forever would be
 * remembered forever.
 */
function onProven(
  record: ConnectionRecord,
  { resetAfter, scheduler }: Resolved<ReconnectBrokenOptions>,
  life: Subscription,
  proven: () => void,
): void {
  let timer: Subscription | undefined;
  let dialHasEnded = false;
  const startTimer = (): void => {
    timer?.unsubscribe();
    timer = scheduler.schedule(proven, resetAfter);
  };
  life.add(() => timer?.unsubscribe());
  const onState = (state: ConnectionState): void => {
    if (dialHasEnded) return;
    // The list reported the dial before the connection did.
    if (state === 'connecting') timer?.unsubscribe();
    else {
      dialHasEnded = true;
      startTimer();
    }
  };
  life.add(record.listen({ onState }));
  // A value that `outcomes$` replays is from an earlier session.
  let isReplay = true;
  observeOutcomes(record.connection, life, (ok) => {
    if (ok && !isReplay && record.state === 'connected') proven();
  });
  isReplay = false;
  if (!life.closed && !isBeingDialled(record)) startTimer();
}

/** The reconnect tasks of one subscription. */
class ReconnectSupervisor<C extends Connection> {
  /** Whether the source has completed: no further dial is made. */
  isCompleting = false;
  readonly #tasks = new Map<C, ReconnectTask<C>>();
  /** Tasks that wait for a dial or are dialling, by endpoint. */
  readonly #down = new Map<string | undefined, Set<ReconnectTask<C>>>();

  constructor(
    readonly subscriber: Subscriber<ReconnectEvent<C>>,
    readonly options: Resolved<ReconnectBrokenOptions>,
  ) {}

  add(connection: C): void {
    const task = this.#tasks.get(connection) ?? new ReconnectTask(connection, this);
    this.#tasks.set(connection, task);
    task.enter();
  }

  remove(connection: C): void {
    this.#tasks.get(connection)?.leave();
  }

  /** Adds a task to those that the success of another wakes, until the subscription ends. */
  keepWaiting(task: ReconnectTask<C>, life: Subscription): void {
    const endpoint = textOf(task.record.connection, 'endpoint');
    const tasks = this.#down.get(endpoint) ?? new Set();
    this.#down.set(endpoint, tasks.add(task));
    life.add(() => {
      tasks.delete(task);
      if (tasks.size === 0 && this.#down.get(endpoint) === tasks) this.#down.delete(endpoint);
    });
  }

  /** Makes the other tasks of the endpoint dial. Connections without an endpoint count as one endpoint. */
  wakeOthers(task: ReconnectTask<C>): void {
    for (const other of [...(this.#down.get(textOf(task.record.connection, 'endpoint')) ?? [])]) {
      if (other !== task) other.wake();
    }
  }

  complete(): void {
    this.isCompleting = true;
    for (const task of this.#tasks.values()) if (!task.isDialling) task.stop();
    this.#completeWhenSettled();
  }

  clear(): void {
    for (const task of this.#tasks.values()) task.stop();
  }

  forget({ record }: ReconnectTask<C>): void {
    this.#tasks.delete(record.connection);
    this.#completeWhenSettled();
  }

  #completeWhenSettled(): void {
    if (this.isCompleting && this.#tasks.size === 0) this.subscriber.complete();
  }
}

/**
 * Redials every connection of the source until it is up or leaves the source, each with its own backoff. A dial takes a
 * connection off the list; its backoff is kept until the connection has proven to work. `state$` decides whether a dial
 * succeeded; the promise of `connect()` gives the cause. In a pool, dials obey the pool's `maxDials` and
 * `connectTimeout`.
 *
 * When a dial succeeds, the connections that wait for the same `endpoint` are dialled at once. Connections without an
 * endpoint count as one endpoint. A connection whose early dial fails then waits its full backoff once.
 *
 * A connection is **abandoned** when it breaks for a terminal cause or has used up `maxAttempts`. It is then dialled
 * once in `abandonedInterval`, and when another connection of its endpoint comes up. Once it has been up, it is
 * redialled like any other.
 *
 * A connection that is up, or is dialled by other means, is never dialled, even if the list is late or never changes.
 *
 * Cold. Unsubscribing cancels waits; a dial under way goes on. When the source completes, waits are cancelled, and the
 * result completes once dials have settled. Errors with its source, and when `isTerminal` or `backoff` throws or
 * `backoff` returns no number of milliseconds.
 *
 * ```text
 * source:                             --[a]------[]--------[a]-----
 * reconnectBroken():                  --s----d---------f---s----d--   (s scheduled, d dialling, f failed)
 * reconnectBroken({ maxAttempts: 1 }) --s----d---------(fa)--------   (a abandoned)
 * ```
 *
 * @throws TypeError, RangeError for invalid options.
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
