import type { Observable } from 'rxjs';

declare global {
  /** Named by the contract, and known neither to `lib: es2022` nor without the types of Node. */
  interface AbortSignal {}
}

/** Where a connection stands in its own life. */
export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'broken' | 'closed';

/** How one request ended, for latency-aware selection and for ejection. */
export interface Outcome {
  readonly ok: boolean;
  /** Milliseconds from sending to settling. */
  readonly durationMs: number;
}

/**
 * What the pool asks of a connection that carries many requests at once.
 * Any object with the first four members can be pooled; {@link BaseConnection} is there for whoever
 * would rather write only how to open and shut a transport.
 *
 * @example
 * ```ts
 * const state$ = new BehaviorSubject<ConnectionState>('idle');
 * const pending$ = new BehaviorSubject(0);
 * const connection: Connection = {
 *   state$,
 *   pending$,
 *   connect: async () => state$.next('connected'),
 *   close: async () => state$.next('closed'),
 * };
 * ```
 */
export interface Connection {
  /** Replays the current state on subscribe, then every change; neither errors nor completes in service. */
  readonly state$: Observable<ConnectionState>;
  /** Requests in flight; replays the current count on subscribe. */
  readonly pending$: Observable<number>;
  /**
   * Settles once connected and rejects with the cause. Shares an attempt under way, does nothing while
   * connected, and dials again from `broken` or `closed`.
   */
  connect(): Promise<void>;
  /** Moves to `closed` before it returns, makes a dial under way reject. Idempotent; settles within a bound. */
  close(): Promise<void>;
  /** Why it is broken, where known. */
  readonly cause?: unknown;
  /** How many requests it can carry at once, where the server says so. */
  readonly capacity$?: Observable<number>;
  /** One value for each request that settled: what ejection and latency-aware selection go by. */
  readonly outcomes$?: Observable<Outcome>;
}

const STATES: ReadonlySet<unknown> = new Set(['idle', 'connecting', 'connected', 'broken', 'closed']);

export const isConnectionState = (value: unknown): value is ConnectionState => STATES.has(value);

/** Why a connection is broken, as far as it can be asked. */
export function causeOf(connection: Connection): unknown {
  try {
    return connection.cause;
  } catch (error) {
    return error;
  }
}

/** Whether a value has the four members; a getter that throws counts as absent. */
export function isConnection(value: unknown): value is Connection {
  try {
    const { state$, pending$, connect, close } = value as Partial<Connection>;
    return [connect, close, state$?.subscribe, pending$?.subscribe].every((member) => typeof member === 'function');
  } catch {
    return false;
  }
}
