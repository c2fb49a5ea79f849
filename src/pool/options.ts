import type { Observable, OperatorFunction, SchedulerLike } from 'rxjs';
import type { Reset } from '../borrowing/resets.js';
import {
  checkAtLeast,
  checkBag,
  checkBoolean,
  checkDuration,
  checkFunction,
  checkFunctions,
  checkLimit,
  checkSize,
} from '../checks.js';
import type { Connection } from '../connection/connection.js';
import type { Prepare } from '../connection/preparation.js';
import { resolveScheduler } from '../defaults.js';
import { outOfRange } from '../errors.js';
import type { BreakerState, DialReport } from '../healing/circuit-breaker.js';
import { reconnectBroken } from '../healing/reconnect-broken.js';
import type { ReconnectEvent } from '../healing/reconnect-event.js';
import type { Strategy } from '../selection/picker.js';
import type { Policy } from './policy.js';

/** An operator that brings broken connections back and tells what it does. */
export type Heal<C> = (broken$: Observable<readonly C[]>) => Observable<ReconnectEvent<C>>;

/** Makes a connection that has just been dialled fit for service. Its signal aborts when it takes too long. */
export type Warmup<C> = Prepare<C>;

/**
 * What can be chosen about a pool, and changed later by `reconfigure`. Durations are in milliseconds, and at most
 * 2,147,483,647: Infinity is refused but where it is the default. A function that was given can be taken away again
 * with `false`.
 */
export interface ReconfigurableOptions<C extends Connection, K = void> {
  /** How a connection is chosen. @default leastLoaded() */
  readonly select?: Strategy<C, K> | undefined;
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
   * `poolSize`, and the number of members, are never made larger than this; `renew()` alone may go beyond it, by the
   * one that is to take another's place. @default Infinity
   */
  readonly maxSize?: number | undefined;
  /** How long a dial may take. @default 5000 */
  readonly connectTimeout?: number | undefined;
  /**
   * What is done to a connection between its being dialled and its first use. It has a `connectTimeout` of its own,
   * after that of the dial; if it fails, so has the dial. @default false
   */
  readonly warmup?: false | Warmup<C> | undefined;
  /** How long `close()` of a connection is waited for. @default 2000 */
  readonly closeTimeout?: number | undefined;
  /** How long a connection on its way out may finish what it carries. @default 1000 */
  readonly drainTimeout?: number | undefined;
  /** How many dials may be under way at once in the whole pool. @default 16 */
  readonly maxDials?: number | undefined;
  /**
   * The load at which a connection is not given out any more: 1 makes every borrowing exclusive. A connection's own
   * `capacity$` holds where it is smaller. @default Infinity
   */
  readonly maxPending?: number | undefined;
  /** How many callers may wait when nothing can take their work; with 0 nobody does. @default 1024 */
  readonly maxWaiting?: number | undefined;
  /** How long they wait. @default 5000 */
  readonly waitTimeout?: number | undefined;
  /** Refuses those who wait once dialling has failed everywhere, instead of at their deadline. @default false */
  readonly failFast?: boolean | undefined;
  /**
   * What is done to a connection when an exclusive borrowing of it ends (one with a limit of 1), before the next. If
   * that fails the connection is closed and dialled anew. @default false
   */
  readonly reset?: false | Reset<C> | undefined;
  /** How long a reset may take. @default 5000 */
  readonly resetTimeout?: number | undefined;
  /** A lease held for longer is told of in `events$`, with where it was taken. @default Infinity */
  readonly leakThreshold?: number | undefined;
}

/** What can be chosen about a pool. Durations are in milliseconds. */
export interface ConnectionPoolOptions<C extends Connection, K = void> extends ReconfigurableOptions<C, K> {
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** What `reconfigure` changes: whatever is named here. */
export interface Reconfiguration<C extends Connection, K = void> extends ReconfigurableOptions<C, K> {
  /** How many connections the pool aims for. */
  readonly poolSize?: number | undefined;
}

/** Every option, with its default where none was given. */
export type Settings<C extends Connection, K> = {
  [Name in keyof Omit<ConnectionPoolOptions<C, K>, 'select'>]-?: Exclude<ConnectionPoolOptions<C, K>[Name], undefined>;
} & {
  /** None for the least loaded, of which the pool keeps an index anyway: a bundle need not hold the strategy. */
  select: Strategy<C, K> | undefined;
};

const DURATIONS = ['connectTimeout', 'closeTimeout', 'drainTimeout', 'waitTimeout', 'resetTimeout'] as const;

const FUNCTIONS = ['heal', 'breaker', 'warmup', 'reset'] as const;

/** Settings of a pool that has chosen nothing but its clock. */
function defaults<C extends Connection, K>(scheduler: SchedulerLike): Settings<C, K> {
  return {
    select: undefined,
    heal: reconnectBroken({ scheduler }),
    policies: [],
    breaker: false,
    minSize: 0,
    maxSize: Number.POSITIVE_INFINITY,
    connectTimeout: 5_000,
    warmup: false,
    closeTimeout: 2_000,
    drainTimeout: 1_000,
    maxDials: 16,
    maxPending: Number.POSITIVE_INFINITY,
    maxWaiting: 1_024,
    waitTimeout: 5_000,
    failFast: false,
    reset: false,
    resetTimeout: 5_000,
    leakThreshold: Number.POSITIVE_INFINITY,
    scheduler,
  };
}

/** Options over the settings so far, or over the defaults. Throws before anything has changed. */
export function resolveOptions<C extends Connection, K>(
  options: ConnectionPoolOptions<C, K> = {},
  before?: Settings<C, K>,
  argument = 'options',
): Settings<C, K> {
  checkBag(argument, options);
  const settings = { ...(before ?? defaults<C, K>(resolveScheduler(options.scheduler, `${argument}.scheduler`))) };
  for (const name of Object.keys(settings) as (keyof Settings<C, K>)[]) {
    if (name !== 'scheduler' && options[name] !== undefined) Object.assign(settings, { [name]: options[name] });
  }
  check(settings, argument);
  // Its owner may go on using the array.
  return { ...settings, policies: [...settings.policies] };
}

function check<C extends Connection, K>(settings: Settings<C, K>, argument: string): void {
  if (settings.select !== undefined) checkFunction(`${argument}.select`, settings.select);
  for (const name of FUNCTIONS) if (settings[name] !== false) checkFunction(`${argument}.${name}`, settings[name]);
  for (const name of DURATIONS) checkDuration(`${argument}.${name}`, settings[name]);
  for (const name of ['maxDials', 'maxPending'] as const) checkLimit(`${argument}.${name}`, settings[name]);
  checkFunctions(`${argument}.policies`, settings.policies);
  checkSize(`${argument}.minSize`, settings.minSize);
  checkLimit(`${argument}.maxSize`, settings.maxSize);
  checkSize(`${argument}.maxWaiting`, settings.maxWaiting);
  checkBoolean(`${argument}.failFast`, settings.failFast);
  checkAtLeast(`${argument}.leakThreshold`, settings.leakThreshold, 0);
  if (settings.minSize > settings.maxSize) {
    throw outOfRange(`${argument}.minSize`, `at most maxSize, which is ${settings.maxSize}`, settings.minSize);
  }
}

/** Those of the settings that were named, as they have been resolved. */
export function namedOf<C extends Connection, K>(
  options: ConnectionPoolOptions<C, K>,
  settings: Settings<C, K>,
): Partial<Settings<C, K>> {
  const names = (Object.keys(settings) as (keyof Settings<C, K>)[]).filter((name) => options[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, settings[name]])) as Partial<Settings<C, K>>;
}

/** How many connections a pool may aim for. */
interface Bounds {
  readonly minSize: number;
  readonly maxSize: number;
}

export function checkWithin(argument: string, poolSize: number, { minSize, maxSize }: Bounds): void {
  if (poolSize < minSize || poolSize > maxSize) {
    throw outOfRange(argument, `between minSize and maxSize (${minSize} and ${maxSize})`, poolSize);
  }
}

export const clampSize = (poolSize: number, { minSize, maxSize }: Bounds): number =>
  Math.min(Math.max(poolSize, minSize), maxSize);
