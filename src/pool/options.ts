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

/** An operator that redials broken connections and emits what it does. */
export type Heal<C> = (broken$: Observable<readonly C[]>) => Observable<ReconnectEvent<C>>;

/**
 * The options of a pool that `reconfigure` can change. Durations are in milliseconds, at most 2,147,483,647; only
 * `leakThreshold` may be Infinity. `false` removes a function that was set before.
 */
export interface ReconfigurableOptions<C extends Connection, K = void> {
  /** The strategy that chooses a connection. @default leastLoaded() */
  readonly select?: Strategy<C, K> | undefined;
  /**
   * The servers, each a text such as `host:port` that the factory receives: `({ endpoint }) => …`. The pool spreads its
   * connections evenly over them. Give a list, or an observable of lists; the pool subscribes to it while it is open
   * and uses the last valid list. With `false` the factory chooses the server. @default false
   */
  readonly endpoints?: false | readonly string[] | Observable<readonly string[] | CommandFailure> | undefined;
  /**
   * The operator that redials broken connections. The pool subscribes to it while it is open. With `false` only
   * `reconnect()` and `setup()` redial. @default reconnectBroken()
   */
  readonly heal?: false | Heal<C> | undefined;
  /**
   * Operators that size the pool, eject, validate and so on. The pool subscribes to them while it is open. @default []
   */
  readonly policies?: readonly Policy<C>[] | undefined;
  /**
   * The circuit breaker, made by `circuitBreaker`. While it is open, dials pause and callers are refused with a
   * `CircuitOpenError`; `setup()` and similar calls wait for the paused dials. @default false
   */
  readonly breaker?: false | OperatorFunction<DialReport, BreakerState> | undefined;
  /** The lower bound of `poolSize`. @default 0 */
  readonly minSize?: number | undefined;
  /**
   * The upper bound of `poolSize`, and of the connections that are open at once. Connections that are being dialled,
   * drained or closed count as open; further dials wait. @default Infinity
   */
  readonly maxSize?: number | undefined;
  /** Milliseconds that a dial may take. @default 5000 */
  readonly connectTimeout?: number | undefined;
  /**
   * Runs on a connection after each dial, before its first use. It may take `connectTimeout` again. If it fails, the
   * dial has failed. @default false
   */
  readonly warmup?: false | ConnectionHook<C> | undefined;
  /** Milliseconds that the pool waits for the `close()` of a connection. @default 2000 */
  readonly closeTimeout?: number | undefined;
  /** Milliseconds in which a connection that leaves or is redialled may finish its work. @default 1000 */
  readonly drainTimeout?: number | undefined;
  /**
   * How many dials may be under way at once in the whole pool. A half-open circuit breaker makes its one dial even if
   * older dials hang. @default 16
   */
  readonly maxDials?: number | undefined;
  /**
   * The load at which a connection takes no more work; 1 makes each use exclusive. A smaller `capacity$` of the
   * connection takes precedence. @default Infinity
   */
  readonly maxPending?: number | undefined;
  /** How many callers may wait while no connection can take their work; 0 for none. @default 1024 */
  readonly maxWaiting?: number | undefined;
  /** Milliseconds that a caller may wait. @default 5000 */
  readonly waitTimeout?: number | undefined;
  /**
   * Refuses waiting callers as soon as dialling has failed for every member, instead of at their deadlines.
   * @default false
   */
  readonly failFast?: boolean | undefined;
  /**
   * Runs on a connection with a limit of 1 after each use, before the next. If it fails, the connection is closed and
   * redialled. @default false
   */
  readonly reset?: false | ConnectionHook<C> | undefined;
  /** Milliseconds that a reset may take. @default 5000 */
  readonly resetTimeout?: number | undefined;
  /**
   * Says what an error of work means for its connection:
   *
   * - `'answer'`: a normal answer of the server
   * - `'failure'`: a sign of trouble, which `ejectOutliers` and `invalidateSilent` count
   * - `'fatal'`: the connection is bad, and is invalidated
   *
   * With `false` the connection's own `classify` decides. Without that, deadlines and transport errors are failures,
   * and everything else is an answer. @default false
   */
  readonly classify?: false | Classify<C> | undefined;
  /**
   * Milliseconds for which work may go on counting as load after its connection was lost. Work that has not settled
   * then is written off, with the event `leases-lost`. @default 1000
   */
  readonly lostGrace?: number | undefined;
  /**
   * Milliseconds after which a lease that is still held is reported in `events$`, with the stack of its call.
   * @default Infinity
   */
  readonly leakThreshold?: number | undefined;
}

/** The options of a pool. Durations are in milliseconds. */
export interface ConnectionPoolOptions<C extends Connection, K = void> extends ReconfigurableOptions<C, K> {
  /** The name of the pool in errors, health and metrics. @default none */
  readonly name?: string | undefined;
  /** The clock of all timers. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
  /**
   * Receives measurements of waits, uses and dials, for metrics. A pool without observers measures nothing.
   * @default none
   */
  readonly observer?: PoolObserver<C> | undefined;
}

/** The changes that `reconfigure` makes; options that are not given stay as they are. */
export interface Reconfiguration<C extends Connection, K = void> extends ReconfigurableOptions<C, K> {
  /** How many connections the pool aims for. */
  readonly poolSize?: number | undefined;
}

/** All options, with the defaults of those not given. */
export type ResolvedOptions<C extends Connection, K> = {
  -readonly [Name in keyof Omit<ConnectionPoolOptions<C, K>, 'select' | 'name' | 'observer'>]-?: Exclude<
    ConnectionPoolOptions<C, K>[Name],
    undefined
  >;
} & {
  /** Undefined for the least loaded connection, which the pool's index finds. A bundle then leaves the strategy out. */
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

/** The options of a new pool. Throws before anything changes. */
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

/** Checks the options given to `reconfigure` together with the current ones. */
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
    // Copied: the caller may change the array later.
    given[name] = Array.isArray(value) ? [...value] : value;
  }
  return given;
}

function checkBounds<O extends Bounds>(argument: string, options: O): O {
  const { minSize, maxSize } = options;
  if (minSize > maxSize) throw outOfRange(`${argument}.minSize`, `at most maxSize, which is ${maxSize}`, minSize);
  return options;
}

/** The bounds of `poolSize`. */
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
