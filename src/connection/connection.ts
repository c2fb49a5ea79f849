import type { Observable } from 'rxjs';

declare global {
  /** Named by the contract. `lib: es2022` does not know it, nor do programs without the types of Node. */
  interface AbortSignal {}
}

/**
 * The state of a connection:
 *
 * - `idle`: never dialled
 * - `connecting`: being dialled
 * - `connected`: ready for requests
 * - `draining`: connected, takes nothing new and finishes what it carries (HTTP/2 GOAWAY, a broker's lame-duck mode)
 * - `broken`: the dial failed, or the connection was lost
 * - `closed`: closed by `close()`
 */
export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'draining' | 'broken' | 'closed';

/** How one request ended, for latency-aware selection and for ejection. */
export interface Outcome {
  /** Whether the server answered. */
  readonly ok: boolean;
  /** Milliseconds from sending to settling. */
  readonly durationMs: number;
}

/**
 * What an error of work says of its connection: the server's answer like any other; a sign of trouble; or the end of
 * the connection.
 */
export type ErrorClass = 'answer' | 'failure' | 'fatal';

/**
 * What a pool asks of a connection that carries many requests at once. Any object with the first four members can be
 * pooled. {@link BaseConnection} implements them for a class that opens and closes a transport.
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
  /** What logs, events and errors call it. */
  readonly name?: string;
  /** The server that it leads to: `host:port`, or a label of yours. */
  readonly endpoint?: string;
  /** Why it is broken, where known. */
  readonly cause?: unknown;
  /** How many requests it can carry at once, where the server says so. */
  readonly capacity$?: Observable<number>;
  /**
   * One value for each request that settled. Without it, ejection and latency-aware selection go by `use` and
   * `withConnection`.
   */
  readonly outcomes$?: Observable<Outcome>;
  /** Sends a request that only a live server answers; rejects without a reply. `signal` aborts at the caller's deadline. */
  ping?(context: { readonly signal: AbortSignal }): Promise<unknown>;
  /** What an error of work says of the connection; undefined for what the pool says by default. */
  classify?(error: unknown): ErrorClass | undefined;
}

/** The key under which the library's own connections offer their record. */
export const RECORD: unique symbol = Symbol('rxpool.record');

export const CONNECTION_STATES = ['idle', 'connecting', 'connected', 'draining', 'broken', 'closed'] as const;

/** Whether a connection says that it is up: it can finish what it carries. What its pool makes of it is `isUp`. */
export const isUpState = (state: ConnectionState): boolean => state === 'connected' || state === 'draining';

export const isConnectionState = (value: unknown): value is ConnectionState =>
  CONNECTION_STATES.includes(value as ConnectionState);

/** Why a connection is broken; the error of the getter where that throws. */
export function causeOf(connection: Connection): unknown {
  try {
    return connection.cause;
  } catch (error) {
    return error;
  }
}

/** A text that a connection offers, where it is one. */
export function textOf(connection: Connection, member: 'name' | 'endpoint'): string | undefined {
  try {
    const text: unknown = connection[member];
    return typeof text === 'string' && text !== '' ? text : undefined;
  } catch {
    return undefined;
  }
}

const MEMBERS = { state$: 'subscribe', pending$: 'subscribe', connect: undefined, close: undefined } as const;

/**
 * The first of the four members that a value lacks, and undefined for a connection; a getter that throws counts as
 * absent. The streams of the library's own kinds are not read: that would make one of each.
 */
export function missingMember(value: unknown): string | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return 'state$';
  const isOwnKind = RECORD in value;
  return Object.entries(MEMBERS).find(([name, method]) => {
    if (isOwnKind && method) return false;
    try {
      const member = (value as Record<string, unknown>)[name] as Record<string, unknown> | undefined;
      return typeof (method ? member?.[method] : member) !== 'function';
    } catch {
      return true;
    }
  })?.[0];
}

export const isConnection = (value: unknown): value is Connection => missingMember(value) === undefined;
