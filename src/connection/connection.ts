import type { Observable } from 'rxjs';

declare global {
  /** // Used by the contract. Neither `lib: es2022` nor a program without the types of Node declares it. */
  interface AbortSignal {}
}

/**
 * The state of a connection:
 *
 * - `idle`: never dialled
 * - `connecting`: being dialled
 * - `connected`: ready for requests
 * - `draining`: connected; takes no new requests and finishes those it has (as after an HTTP/2 GOAWAY)
 * - `broken`: the dial failed, or the connection was lost
 * - `closed`: closed by `close()`
 */
export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'draining' | 'broken' | 'closed';

/** How one request ended, for latency-aware selection and ejection. */
export interface Outcome {
  /** Whether the server answered. */
  readonly ok: boolean;
  /** Milliseconds from sending the request until it settled. */
  readonly durationMs: number;
}

/**
 * What an error of work means for its connection: a normal answer of the server, a sign of trouble, or the end of the
 * connection.
 */
export type ErrorClass = 'answer' | 'failure' | 'fatal';

/**
 * What a pool needs of a connection that carries many requests at once. Any object with the first four members can be
 * pooled. {@link BaseConnection} implements them for a class that opens and closes a transport.
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
  /**
   * Emits the current state on subscribe, then every change. Must not error or complete while the connection is in use.
   */
  readonly state$: Observable<ConnectionState>;
  /** Emits the number of requests in flight on subscribe, then every change. */
  readonly pending$: Observable<number>;
  /**
   * Dials: resolves once connected, and rejects with the cause. Shares an attempt under way, does nothing while
   * connected, and dials again from `broken` or `closed`.
   */
  connect(): Promise<void>;
  /**
   * Closes. Moves to `closed` before it returns, and makes a dial under way reject. Idempotent; settles within a bound.
   */
  close(): Promise<void>;
  /** The name in logs, events, errors and metrics. */
  readonly name?: string;
  /** The server: `host:port`, or a label of yours. */
  readonly endpoint?: string;
  /** Why the connection is broken, if known. */
  readonly cause?: unknown;
  /** How many requests the connection can carry at once, if the server says so. */
  readonly capacity$?: Observable<number>;
  /**
   * Emits one value for each settled request. Without it, ejection and latency-aware selection measure the work of
   * `use` and `withConnection`.
   */
  readonly outcomes$?: Observable<Outcome>;
  /**
   * Sends a request that only a live server answers, and rejects if no reply comes. `signal` aborts at the caller's
   * deadline.
   */
  ping?(context: { readonly signal: AbortSignal }): Promise<unknown>;
  /** Says what an error of work means for the connection; undefined for the pool's default. */
  classify?(error: unknown): ErrorClass | undefined;
}

/** The key under which the library's own connections offer their record. */
export const RECORD: unique symbol = Symbol('rxpool.record');

export const CONNECTION_STATES = ['idle', 'connecting', 'connected', 'draining', 'broken', 'closed'] as const;

/** Whether a connection reports that it is up, and can finish its work. `isUp` gives the pool's view. */
export const isUpState = (state: ConnectionState): boolean => state === 'connected' || state === 'draining';

export const isConnectionState = (value: unknown): value is ConnectionState =>
  CONNECTION_STATES.includes(value as ConnectionState);

/** Why a connection is broken; if the getter throws, its error. */
export function causeOf(connection: Connection): unknown {
  try {
    return connection.cause;
  } catch (error) {
    return error;
  }
}

/** The connection's name or endpoint, if it is a text. */
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
 * The first of the four required members that a value lacks; undefined if it has all of them. A getter that throws
 * counts as absent. The streams of the library's own classes are not read, because reading creates them.
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
