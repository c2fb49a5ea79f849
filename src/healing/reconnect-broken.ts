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

/** Why a connection is given up: dialling again soon cannot mend it, or has been tried often enough. */
export type AbandonReason = 'terminal' | 'max-attempts';

/** What `reconnectBroken` does, for logs and metrics. */
export type ReconnectEvent<C> = {
  /** The connection that it is about. */
  readonly connection: C;
  /** The number of the attempt, from 1; of one that is given up how many dials were made, 0 for none. */
  readonly attempt: number;
} & (
  | {
      /** The connection is dialled after `delay`. */
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
       * The connection is given up: dialled rarely until it is up. Told once for each reason; a rare dial that fails is
       * told as a failed dial only.
       */
      readonly type: 'reconnect-abandoned';
      /** Why it is given up. */
      readonly reason: AbandonReason;
      /** The cause of its loss, or of the last dial that failed. */
      readonly cause: unknown;
    }
);

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
   * Whether a connection is given up for the cause of its loss, or of a dial that failed: one that dialling again soon
   * cannot mend. @default isTerminalCause
   */
  readonly isTerminal?: ((cause: unknown) => boolean) | undefined;
  /**
   * After so many milliseconds of being up a connection is proven to work, and begins its backoff anew when it
   * breaks again. The first request that is answered proves it as well, by `outcomes$` or by `use` and
   * `withConnection` of its pool. @default 1000
   */
  readonly resetAfter?: number | undefined;
  /**
   * How long a dial may take, in milliseconds, for connections without a pool: one that takes longer has failed,
   * and is closed when its connection is dialled again. @default 5000
   */
  readonly connectTimeout?: number | undefined;
  /**
   * How often a connection that has been given up is dialled all the same, in milliseconds: each wait is drawn between
   * half of it and all of it. `false` for never. @default 30000
   */
  readonly abandonedInterval?: number | false | undefined;
  /** Returns a number in [0, 1) that spreads those waits. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Where time comes from. @default asyncScheduler */
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
 * What is being done for a connection:
 *
 * - `watching`: nothing: it is up, dialled by other means, or off the list. Its attempts are remembered until it is
 *   proven to work
 * - `deciding`: a user function is asked what to do
 * - `backing-off`: it is dialled when its wait is over
 * - `dialling`: it is dialled; `skipsWait` once another has succeeded since this dial began, which may hang: the next
 *   dial follows at once
 * - `abandoned`: it is given up, and dialled rarely
 * - `stopped`: it is forgotten
 *
 * `activity` is what the state has begun, and ends with it.
 */
type TaskState =
  | { readonly phase: QuietPhase; readonly activity: Subscription }
  | { readonly phase: 'dialling'; readonly activity: Subscription; skipsWait: boolean };

type QuietPhase = 'watching' | 'deciding' | 'backing-off' | 'abandoned' | 'stopped';

/** One connection of the list, from when it is broken until it is proven to work again. */
class ReconnectTask<C extends Connection> {
  readonly record: ConnectionRecord<C>;
  #state: TaskState = { phase: 'watching', activity: new Subscription() };
  readonly #supervisor: ReconnectSupervisor<C>;
  /** Whether it was found in a pool: a connection that has left its pool is not dialled. */
  readonly #isPooled: boolean;
  readonly #stopListening: () => void;
  #isListed = false;
  /** Dials since it was last proven to work. */
  #attempts = 0;
  #lastWait = 0;
  /** Why it is given up; undefined when it has been up since. */
  #abandoned: AbandonReason | undefined;
  /** Whether its dial has failed by the clock alone and is still under way. A pool sees to that itself. */
  #isOverdue = false;
  /** Whether the success of another has cut its wait short: not again before a wait of its own is over. */
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

  /** It has come onto the list, which may be late. */
  enter(): void {
    if (this.#isListed) return;
    this.#isListed = true;
    if (this.#state.phase === 'watching') this.#look();
  }

  /** It has gone from the list: its own dial takes it off, and so does one made by other means. */
  leave(): void {
    if (!this.#isListed) return;
    this.#isListed = false;
    if (this.#state.phase === 'watching') this.#stopIfForgotten();
    else if (!this.isDialling) this.#watch();
  }

  /** Another connection to the same endpoint is up: dials at once. A failure after that waits its time. */
  wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    if (this.#state.phase === 'dialling') this.#state.skipsWait = true;
    else this.#redial();
  }

  /** Ends everything begun for it, and leaves a dial under way alone. */
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

  /** Acts on how the connection is now, whatever the list says. */
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

  /** @param skipsWait - whether a dial that is to follow follows at once. */
  #decide(cause: unknown, skipsWait = false): void {
    const deciding = this.#begin('deciding');
    let next: number | AbandonReason;
    try {
      next = this.#nextAction(cause);
    } catch (error) {
      this.#supervisor.subscriber.error(error);
      return;
    }
    // The user function that was asked may have removed the connection.
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

  /** Gives it up. A dial that fails for the same reason once more is told as a failure only. */
  #abandon(reason: AbandonReason, cause: unknown): void {
    const { connection, stay } = this.record;
    const { abandonedInterval, random } = this.#supervisor.options;
    const isNew = this.#abandoned !== reason;
    this.#abandoned = reason;
    const abandoned = this.#begin('abandoned');
    if (abandonedInterval !== false) this.#dialAfter(abandonedInterval * (1 - random() / 2), abandoned);
    stay?.giveUp(cause);
    if (isNew) this.#emit({ type: 'reconnect-abandoned', connection, attempt: this.#attempts, reason, cause });
    // One that is dialled again is closed then.
    if (this.#isOverdue && abandonedInterval === false && this.#state === abandoned) closeQuietly(connection);
  }

  /** Dials it when its time has come, or when another connection to its endpoint is up. */
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
    // A subscriber may have removed the connection when it was told.
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

  /** Dials within the limits of the pool, or of the options where there is none. */
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

  /** It is up. One that was given up begins anew, and the connections that wait for its endpoint are dialled. */
  #cameUp(): void {
    if (this.#abandoned) this.#forget();
    if (!this.#isWoken) this.#supervisor.wakeOthers(this);
  }

  #forget(): void {
    this.#abandoned = undefined;
    this.#attempts = this.#lastWait = 0;
  }

  /** Remembers the attempts until the connection is proven to work. */
  #watch(): void {
    const { stay } = this.record;
    const { activity } = this.#begin('watching');
    if (this.#stopIfForgotten() || this.#isForgotten) return;
    if (stay?.isDialling) {
      // The state tells too early how a dial of the pool ends: a warm-up may follow.
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

  /** Whether nothing has to be remembered. */
  get #isForgotten(): boolean {
    return this.#isGone || (this.#attempts === 0 && !this.#abandoned && !this.#isWoken);
  }

  /** Whether it is to be dialled: a list may be late. */
  get #isDue(): boolean {
    return this.#isListed && isDown(this.record) && !this.#isGone;
  }

  /** Left its pool, or closed for good; a pool also closes what took too long to dial, and dials it again. */
  get #isGone(): boolean {
    const { state, stay } = this.record;
    return (this.#isPooled && !stay?.isMember) || (state === 'closed' && !stay?.isClosedByPool);
  }

  #emit(event: ReconnectEvent<C>): void {
    this.#supervisor.subscriber.next(event);
  }
}

/**
 * Calls `proven` when a connection is proven to work: when a request has been answered over it, or `resetAfter` has passed
 * since the end of its first dial. Later dials do not prolong that, or one that is dialled without end would be
 * remembered for good.
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
    // The list told of the dial before the connection did.
    if (state === 'connecting') timer?.unsubscribe();
    else {
      dialHasEnded = true;
      startTimer();
    }
  };
  life.add(record.listen({ onState }));
  // What `outcomes$` replays is of an earlier session.
  let isReplay = true;
  observeOutcomes(record.connection, life, (ok) => {
    if (ok && !isReplay && record.state === 'connected') proven();
  });
  isReplay = false;
  if (!life.closed && !isBeingDialled(record)) startTimer();
}

/** The reconnect tasks of one subscription. */
class ReconnectSupervisor<C extends Connection> {
  /** Whether the source has completed: no further attempt is made. */
  isCompleting = false;
  readonly #tasks = new Map<C, ReconnectTask<C>>();
  /** Those that wait to be dialled, or are being dialled, by endpoint. */
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

  /** Adds a task to those that the success of another concerns, until the subscription ends. */
  keepWaiting(task: ReconnectTask<C>, life: Subscription): void {
    const endpoint = textOf(task.record.connection, 'endpoint');
    const tasks = this.#down.get(endpoint) ?? new Set();
    this.#down.set(endpoint, tasks.add(task));
    life.add(() => {
      tasks.delete(task);
      if (tasks.size === 0 && this.#down.get(endpoint) === tasks) this.#down.delete(endpoint);
    });
  }

  /** Has the others of its endpoint dialled. Those without an endpoint are taken for one. */
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
 * Redials every connection of the source until it is up or leaves the source, each with a backoff of its own.
 * A connection that a dial takes off the list keeps its backoff until it is proven to work. A dial is judged by
 * `state$`; the promise of `connect()` tells the cause. In a pool, dials keep to the pool's `maxDials` and
 * `connectTimeout`.
 *
 * When a dial succeeds, the connections that wait for the same `endpoint` are dialled at once; those without an endpoint
 * are taken for one. A connection that fails after that waits its time before the success of another has it dialled.
 *
 * A connection that breaks for a terminal cause, or has used up `maxAttempts`, is given up: it is dialled once in
 * `abandonedInterval`, and when another of its endpoint is up. A dial that fails is judged like any other: with the same
 * verdict the connection stays given up. Once it has been up it is redialled like any other.
 *
 * The list may be late, or never change: what is up, or being dialled by other means, is not dialled.
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
