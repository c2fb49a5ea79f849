import { anything, type Check, checkDuration, checkLimit, checkSignal, checkSize } from '../checks.js';

/** Lets a caller stop waiting; what it waited for goes on. */
export interface SignalOptions {
  /** Aborting it rejects the call with its reason. Dials and work that were begun go on. */
  readonly signal?: AbortSignal | undefined;
}

/** How connections are dialled. */
export interface DialOptions extends SignalOptions {
  /**
   * How often a connection is dialled that does not come up, an integer or Infinity. The waits between grow from up to
   * 500 ms to 5 s, with jitter; `heal` and other calls may dial it besides. @default 1
   */
  readonly attempts?: number | undefined;
}

/** How connections on their way out are treated. */
export interface DrainOptions {
  /** Milliseconds for work in flight to finish. @default the pool's `drainTimeout` */
  readonly drainTimeout?: number | undefined;
}

/** How a pool is closed. */
export interface CloseOptions extends DrainOptions {
  /** Aborting it cuts the draining short. */
  readonly signal?: AbortSignal | undefined;
}

/** What `ready()` waits for. */
export interface ReadyOptions extends SignalOptions {
  /** How many have to be connected. @default 1 */
  readonly min?: number | undefined;
  /** Milliseconds to wait at most. @default no limit */
  readonly timeout?: number | undefined;
}

/** How a connection is asked for. */
export interface BorrowOptions<K = void> extends SignalOptions {
  /** Milliseconds to wait where nothing can take the work. @default the pool's `waitTimeout` */
  readonly waitTimeout?: number | undefined;
  /**
   * What the choice depends on; strategies such as `sticky` require it. Callers of one key, as `Map` tells keys apart, are
   * served in the order in which they came; a key that gets no connection holds up no other.
   */
  readonly key?: K | undefined;
}

/** How work is run. */
export interface UseOptions<K = void> extends BorrowOptions<K> {
  /** Milliseconds, waiting included, after which the caller is answered with a `UseTimeoutError`. @default no limit */
  readonly timeout?: number | undefined;
}

/** For how long connections are out of service. */
export interface EjectOptions {
  /** Milliseconds. */
  readonly duration: number;
}

/** Why connections are taken out of use. */
export interface InvalidateOptions {
  /** Why, for `events$` and for the error of the work that is cut off. @default none */
  readonly cause?: unknown;
}

/** How connections are replaced. */
export interface RenewOptions<C> extends SignalOptions {
  /** Which ones. @default all */
  readonly connections?: Iterable<C> | undefined;
  /**
   * How many fewer than now may be in service meanwhile. With 0 every replacement is connected before the old one
   * goes, and the pool is one larger for that time. @default 0
   */
  readonly maxUnavailable?: number | undefined;
  /**
   * Milliseconds for work in flight on an old connection to finish. With a limit, the signals of its leases abort at
   * once. The next replacement waits until the old connection is closed, for the pool's `drainTimeout` at most.
   * @default no limit
   */
  readonly drainTimeout?: number | undefined;
}

/** The checks of a call's options, by their names. */
export type CallChecks = Readonly<Record<string, Check>>;

export const SIGNAL_OPTIONS = { signal: checkSignal };
export const DIAL_OPTIONS = { ...SIGNAL_OPTIONS, attempts: checkLimit };
export const DRAIN_OPTIONS = { drainTimeout: checkDuration };
export const CLOSE_OPTIONS = { ...SIGNAL_OPTIONS, ...DRAIN_OPTIONS };
export const READY_OPTIONS = { ...SIGNAL_OPTIONS, min: checkSize, timeout: checkDuration };
export const BORROW_OPTIONS = { ...SIGNAL_OPTIONS, waitTimeout: checkDuration, key: anything };
export const USE_OPTIONS = { ...BORROW_OPTIONS, timeout: checkDuration };
export const RENEW_OPTIONS = { ...CLOSE_OPTIONS, connections: anything, maxUnavailable: checkSize };
