import { anything, type Check, checkDuration, checkInteger, checkLimit, checkSignal, checkSize } from '../checks.js';

/** Lets a caller stop waiting. */
export interface SignalOptions {
  /** An abort rejects the call with the signal's reason. Dials and work that have begun go on. */
  readonly signal?: AbortSignal | undefined;
}

/** How connections are dialled. */
export interface DialOptions extends SignalOptions {
  /**
   * How often a connection is dialled until it connects: an integer or Infinity. The pauses grow from at most 500 ms to
   * 5 s, with jitter. `heal` and other calls may dial it too. @default 1
   */
  readonly attempts?: number | undefined;
}

/** How connections that leave are drained. */
export interface DrainOptions {
  /** Milliseconds in which work in flight may finish. @default the pool's `drainTimeout` */
  readonly drainTimeout?: number | undefined;
}

/** How a pool is closed. */
export interface CloseOptions extends DrainOptions {
  /** An abort ends the draining at once. */
  readonly signal?: AbortSignal | undefined;
}

/** What `ready()` waits for. */
export interface ReadyOptions extends SignalOptions {
  /** How many members have to be connected. @default 1 */
  readonly min?: number | undefined;
  /** Milliseconds to wait at most. @default no limit */
  readonly timeout?: number | undefined;
}

/** How a connection is borrowed. */
export interface BorrowOptions<K = void> extends SignalOptions {
  /** Milliseconds to wait while no connection can take the work. @default the pool's `waitTimeout` */
  readonly waitTimeout?: number | undefined;
  /**
   * The key that the strategy chooses by; strategies such as `sticky` require one. Waiting callers with the same key
   * (compared as `Map` does) are served in order. A key that gets no connection does not hold up callers with other
   * keys.
   */
  readonly key?: K | undefined;
  /**
   * An integer. Waiting callers with a higher number are served first, equal ones in order of arrival. It matters only
   * in the queue; running work keeps its connection. While enough callers of a higher priority come, lower ones may
   * wait until their `waitTimeout`. `maxWaiting` limits all of them together. @default 0
   */
  readonly priority?: number | undefined;
}

/** How work is run. */
export interface UseOptions<K = void> extends BorrowOptions<K> {
  /** Milliseconds, waiting included, after which the call rejects with a `UseTimeoutError`. @default no limit */
  readonly timeout?: number | undefined;
}

/** How long connections are out of service. */
export interface EjectOptions {
  /** Milliseconds out of service. */
  readonly duration: number;
}

/** Why connections are invalidated. */
export interface InvalidateOptions {
  /** The cause given by `events$` and by the errors of the work that fails. @default none */
  readonly cause?: unknown;
}

/** How connections are replaced. */
export interface RenewOptions<C> extends SignalOptions {
  /** The connections to replace. @default all */
  readonly connections?: Iterable<C> | undefined;
  /**
   * How many fewer connections than now may be in service meanwhile. With 0 an old connection leaves once its
   * replacement is connected, so that the pool has one more for that time. @default 0
   */
  readonly maxUnavailable?: number | undefined;
  /**
   * Milliseconds in which work in flight on an old connection may finish. If set, the signals of its leases abort at
   * once. The next replacement waits until the old connection is closed, at most the pool's `drainTimeout`.
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
export const BORROW_OPTIONS = { ...SIGNAL_OPTIONS, waitTimeout: checkDuration, key: anything, priority: checkInteger };
export const USE_OPTIONS = { ...BORROW_OPTIONS, timeout: checkDuration };
export const RENEW_OPTIONS = { ...CLOSE_OPTIONS, connections: anything, maxUnavailable: checkSize };
