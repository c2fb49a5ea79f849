import { asyncScheduler, type Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import type { Classify } from '../borrowing/classify.js';
import {
  atLeast,
  type Check,
  checkBoolean,
  checkDistinctTexts,
  checkDuration,
  checkFunction,
  checkFunctions,
  checkLimit,
  checkOptions,
  checkScheduler,
  checkSize,
  checkText,
  unless,
} from '../checks.js';
import type { Connection } from '../connection/connection.js';
import type { ConnectionHook } from '../connection/hook.js';
import { outOfRange, wrongType } from '../errors.js';
import type { BreakerState, DialReport } from '../healing/circuit-breaker.js';
import { type ReconnectEvent, reconnectBroken } from '../healing/reconnect-broken.js';
import type { Strategy } from '../selection/picker.js';
import type { CommandFailure } from '../streams/run-command.js';
import { checkObserver, type PoolObserver } from './observer.js';
import type { Policy } from './policy.js';

/** An operator that brings broken connections back and tells what it does. */
export type Heal<C> = (broken$: Observable<readonly C[]>) => Observable<ReconnectEvent<C>>;

/**
 * What can be chosen about a pool, and changed later by `reconfigure`. Durations are in milliseconds, and at most
 * 2,147,483,647: Infinity is refused but where it is the default. A function that was given can be taken away again
 * with `false`.
 */
export interface ReconfigurableOptions<C extends Connection, K = void> {
  /** How a connection is chosen. @default leastLoaded() */
  readonly select?: Strategy<C, K> | undefined;
  /**
   * The servers, each a text of yours (`host:port` as a rule) that the factory is told: `({ endpoint }) => …`. The
   * connections are kept balanced over them. A list; or an observable of lists, subscribed to while the pool is open, of
   * which the last that can be used holds. `false` where the factory chooses by itself. @default false
   */
  readonly endpoints?: false | readonly string[] | Observable<readonly string[] | CommandFailure> | undefined;
  /**
   * What brings broken connections back, subscribed to while the pool is open. `false` leaves redialling to
   * `reconnect()` and `setup()`. @default reconnectBroken()
   */
  readonly heal?: false | Heal<C> | undefined;
  /** What else looks after the pool: sizing, ejection, validation, … Subscribed to while it is open. @default [] */
  readonly policies?: readonly Policy<C>[] | undefined;
  /**
   * Holds dials back, and refuses callers with a `CircuitOpenError`, while nothing can be connected; see
   * `circuitBreaker`. `setup()` and the like wait for the dials. @default false
   */
  readonly breaker?: false | OperatorFunction<DialReport, BreakerState> | undefined;
  /** `poolSize` is never made smaller than this. @default 0 */
  readonly minSize?: number | undefined;
  /**
   * `poolSize` is never made larger than this, and no more connections are open: those that are being dialled, drained
   * or closed count, and dials wait for room. @default Infinity
   */
  readonly maxSize?: number | undefined;
  /** Milliseconds that a dial may take. @default 5000 */
  readonly connectTimeout?: number | undefined;
  /**
   * What is done to a connection between its being dialled and its first use. It has a `connectTimeout` of its own,
   * after that of the dial; if it fails, so has the dial. @default false
   */
  readonly warmup?: false | ConnectionHook<C> | undefined;
  /** Milliseconds for which `close()` of a connection is waited for. @default 2000 */
  readonly closeTimeout?: number | undefined;
  /** Milliseconds for a connection that leaves, or is dialled anew, to finish what it carries. @default 1000 */
  readonly drainTimeout?: number | undefined;
  /**
   * How many dials may be under way at once in the whole pool. The one dial of a half-open circuit is made beside those
   * that hang. @default 16
   */
  readonly maxDials?: number | undefined;
  /**
   * The load at which a connection is not given out any more: 1 makes every borrowing exclusive. A connection's own
   * `capacity$` holds where it is smaller. @default Infinity
   */
  readonly maxPending?: number | undefined;
  /** How many callers may wait while no connection can take their work; with 0 none may. @default 1024 */
  readonly maxWaiting?: number | undefined;
  /** Milliseconds that a caller may wait. @default 5000 */
  readonly waitTimeout?: number | undefined;
  /** Refuses waiting callers once dialling has failed everywhere, instead of at their deadline. @default false */
  readonly failFast?: boolean | undefined;
  /**
   * What is done to a connection when an exclusive borrowing of it ends (one with a limit of 1), before the next. If
   * that fails the connection is closed and dialled anew. @default false
   */
  readonly reset?: false | ConnectionHook<C> | undefined;
  /** Milliseconds that a reset may take. @default 5000 */
  readonly resetTimeout?: number | undefined;
  /**
   * What an error of work says of its connection: `'answer'`, an answer of the server like any other; `'failure'`, a
   * sign of trouble, by which outliers are ejected and silence is found; `'fatal'`, the end of the connection, which is
   * invalidated. `false`: the connection's own `classify` says so, or else deadlines and errors of the transport are
   * failures, and everything else is an answer. @default false
   */
  readonly classify?: false | Classify<C> | undefined;
  /**
   * Milliseconds after the loss of a connection for which work on it may still hold its place. Work that has not
   * settled then is written off, with the event `leases-lost`. @default 1000
   */
  readonly lostGrace?: number | undefined;
  /**
   * Milliseconds after which a lease that is still held is told of in `events$`, with the stack of its call.
   * @default Infinity
   */
  readonly leakThreshold?: number | undefined;
}

/** What can be chosen about a pool. Durations are in milliseconds. */
export interface ConnectionPoolOptions<C extends Connection, K = void> extends ReconfigurableOptions<C, K> {
  /** What errors, health and metrics call the pool. @default none */
  readonly name?: string | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
  /** What is told of waiting, use and dials, for metrics; a pool without one measures nothing. @default none */
  readonly observer?: PoolObserver<C> | undefined;
}

/** What `reconfigure` changes: whatever is named here. */
export interface Reconfiguration<C extends Connection, K = void> extends ReconfigurableOptions<C, K> {
  /** How many connections the pool aims for. */
  readonly poolSize?: number | undefined;
}

/** Every option, with its default where none was given. */
export type ResolvedOptions<C extends Connection, K> = {
  -readonly [Name in keyof Omit<ConnectionPoolOptions<C, K>, 'select' | 'name' | 'observer'>]-?: Exclude<
    ConnectionPoolOptions<C, K>[Name],
    undefined
  >;
} & {
  /** None for the least loaded, of which the pool keeps an index anyway: a bundle need not hold the strategy. */
  select: Strategy<C, K> | undefined;
  name: string | undefined;
  observer: PoolObserver<C> | undefined;
};

const functionOrFalse = unless(false, checkFunction);

const checkEndpoints = (argument: string, value: unknown): void => {
  if (Array.isArray(value)) checkDistinctTexts(argument, value);
  else if (typeof (value as { readonly subscribe?: unknown } | null)?.subscribe !== 'function')
    throw wrongType(argument, 'an array of strings, or an observable of such', value);
};

/** The default of each option, and its check. `heal` and `scheduler` have no constant default. */
const OPTIONS: { readonly [Name in keyof ResolvedOptions<Connection, unknown>]: readonly [unknown, Check] } = {
  name: [undefined, unless(undefined, checkText)],
  scheduler: [undefined, checkScheduler],
  observer: [undefined, unless(undefined, checkObserver)],
  select: [undefined, unless(undefined, checkFunction)],
  heal: [undefined, functionOrFalse],
  policies: [[], checkFunctions],
  breaker: [false, functionOrFalse],
  minSize: [0, checkSize],
  maxSize: [Number.POSITIVE_INFINITY, checkLimit],
  connectTimeout: [5_000, checkDuration],
  warmup: [false, functionOrFalse],
  closeTimeout: [2_000, checkDuration],
  drainTimeout: [1_000, checkDuration],
  maxDials: [16, checkLimit],
  maxPending: [Number.POSITIVE_INFINITY, checkLimit],
  maxWaiting: [1_024, checkSize],
  waitTimeout: [5_000, checkDuration],
  failFast: [false, checkBoolean],
  reset: [false, functionOrFalse],
  resetTimeout: [5_000, checkDuration],
  classify: [false, functionOrFalse],
  lostGrace: [1_000, checkDuration],
  endpoints: [false, unless(false, checkEndpoints)],
  leakThreshold: [Number.POSITIVE_INFINITY, atLeast(0)],
};

const NAMES = Object.keys(OPTIONS) as (keyof typeof OPTIONS)[];
const RECONFIGURABLE = NAMES.filter((name) => name !== 'name' && name !== 'scheduler' && name !== 'observer');

/** The options of a new pool. Throws before anything has changed. */
export function resolveOptions<C extends Connection, K>(
  options: ConnectionPoolOptions<C, K> = {},
): ResolvedOptions<C, K> {
  checkOptions('options', options, NAMES);
  const { scheduler = asyncScheduler } = options;
  const defaults = Object.fromEntries(NAMES.map((name) => [name, OPTIONS[name][0]]));
  const heal = options.heal ?? reconnectBroken({ scheduler });
  const resolved = { ...defaults, ...pickGiven(options, NAMES, 'options'), heal, scheduler };
  return checkBounds('options', resolved as unknown as ResolvedOptions<C, K>);
}

/** The options that `reconfigure` is given, checked against those that stay as they are. */
export function resolveChanges<C extends Connection, K>(
  changes: Reconfiguration<C, K>,
  current: ResolvedOptions<C, K>,
): Partial<ResolvedOptions<C, K>> {
  checkOptions('changes', changes, [...RECONFIGURABLE, 'poolSize']);
  const given = pickGiven(changes, RECONFIGURABLE, 'changes') as Partial<ResolvedOptions<C, K>>;
  checkBounds('changes', { ...current, ...given });
  return given;
}

function pickGiven(options: object, names: readonly (keyof typeof OPTIONS)[], argument: string): object {
  const given: Record<string, unknown> = {};
  for (const name of names) {
    const value = (options as Record<string, unknown>)[name];
    if (value === undefined) continue;
    OPTIONS[name][1](`${argument}.${name}`, value);
    // The caller may go on using the array.
    given[name] = Array.isArray(value) ? [...value] : value;
  }
  return given;
}

function checkBounds<O extends Bounds>(argument: string, options: O): O {
  const { minSize, maxSize } = options;
  if (minSize > maxSize) throw outOfRange(`${argument}.minSize`, `at most maxSize, which is ${maxSize}`, minSize);
  return options;
}

/** How many connections a pool may aim for. */
interface Bounds {
  readonly minSize: number;
  readonly maxSize: number;
}

export function checkPoolSizeBounds(argument: string, poolSize: number, { minSize, maxSize }: Bounds): void {
  if (poolSize < minSize || poolSize > maxSize) {
    throw outOfRange(argument, `between minSize and maxSize (${minSize} and ${maxSize})`, poolSize);
  }
}

export const clampSize = (poolSize: number, { minSize, maxSize }: Bounds): number =>
  Math.min(Math.max(poolSize, minSize), maxSize);
