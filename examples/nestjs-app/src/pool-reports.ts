// What a dashboard shows of a pool, in a form that JSON keeps whole. The page in examples/angular-dashboard imports this
// file as well, for the pool that lives in the page.
import {
  bufferTime,
  filter,
  ignoreElements,
  interval,
  last,
  map,
  merge,
  Observable,
  share,
  startWith,
  takeUntil,
  throttleTime,
} from 'rxjs';
import type { Connection, ConnectionPool, PoolEvent } from 'rxpool';

/** What a connection can be in the eyes of its pool. */
export type Phase = 'fresh' | 'connecting' | 'connected' | 'draining' | 'ejected' | 'broken' | 'abandoned';

/** A phase, and when it began: milliseconds since the epoch. */
export interface PhaseReport {
  readonly phase: Phase;
  readonly since: number;
}

/** One connection. */
export interface ConnectionReport {
  readonly name: string;
  readonly endpoint: string;
  /** Requests in flight. */
  readonly load: number;
  /** When it became a member of its pool: milliseconds since the epoch. */
  readonly joinedAt: number;
  /** How often it has come back after a loss. */
  readonly reconnects: number;
  /** Why it was lost, or why its last dial failed; undefined while it is connected. */
  readonly cause?: string | undefined;
  /** Its phases during the last minute, the oldest first: the last of them is the present one. */
  readonly phases: readonly PhaseReport[];
}

/** The connections of a pool at one moment. */
export interface PoolReport {
  /** The moment, by the clock that all times of the report go by. */
  readonly at: number;
  readonly connections: readonly ConnectionReport[];
}

/** One call: the milliseconds that it took, and whether it was answered. */
export type Call = readonly [milliseconds: number, isAnswered: boolean];

/** What can be switched in the demo mode. */
export interface Switches {
  /** Whether the zcached server is up. */
  readonly users: boolean;
  /** Whether the WebSocket server is up. */
  readonly sockets: boolean;
  /** Requests a second that the application sends to its zcached server. */
  readonly rate: number;
}

/** For how long phases are kept, in milliseconds. */
export const WINDOW = 60_000;

/** At most so many phases of a connection are kept: one that flaps has a new one with each dial. */
const MAX_PHASES = 60;

/** The phase that a connection has after an event. Other events change none. */
const AFTER: Readonly<Record<string, Phase>> = {
  connecting: 'connecting',
  connected: 'connected',
  'connect-failed': 'broken',
  lost: 'broken',
  draining: 'draining',
  ejected: 'ejected',
  'reconnect-abandoned': 'abandoned',
};

/** A connection that tells its requests in flight, as every `BaseConnection` does. */
type Reporting = Connection & { readonly pending: number };

type ReportedPool<C extends Reporting> = Pick<
  ConnectionPool<C>,
  'connections' | 'connectedConnections' | 'events$' | 'observe'
>;

/** What is remembered of a member. */
interface Entry {
  readonly joinedAt: number;
  reconnects: number;
  wasLost: boolean;
  cause: string | undefined;
  phases: readonly PhaseReport[];
}

/** Reports on a pool, from the construction until the pool is disposed of. */
export class PoolReports<C extends Reporting> {
  /** The connections: at once, soon after each change, and otherwise four times a second. */
  readonly connections$: Observable<PoolReport>;
  /** The calls that have ended, four times a second; nothing while there are none. */
  readonly calls$: Observable<readonly Call[]>;
  readonly #entries = new Map<C, Entry>();

  constructor(pool: ReportedPool<C>) {
    const connected = new Set(pool.connectedConnections);
    for (const each of pool.connections) this.#join(each, connected.has(each) ? 'connected' : 'fresh', Date.now());
    const events$ = pool.events$.pipe(share());
    events$.subscribe((event) => this.#apply(event));
    const isOver$ = events$.pipe(ignoreElements(), last(null, true));
    this.connections$ = merge(events$, interval(250)).pipe(
      takeUntil(isOver$),
      throttleTime(50, undefined, { leading: true, trailing: true }),
      startWith(undefined),
      map(() => this.#report(pool.connections, Date.now())),
    );
    this.calls$ = callsOf(pool).pipe(
      takeUntil(isOver$),
      bufferTime(250),
      filter(({ length }) => length > 0),
    );
  }

  #join(connection: C, phase: Phase, at: number): void {
    const entry = { joinedAt: at, reconnects: 0, wasLost: false, cause: undefined, phases: [{ phase, since: at }] };
    this.#entries.set(connection, entry);
  }

  #apply(event: PoolEvent<C>): void {
    if (!('connection' in event)) return;
    const { type, connection, at } = event;
    if (type === 'joined') this.#join(connection, 'fresh', at);
    if (type === 'left') this.#entries.delete(connection);
    const phase = AFTER[type];
    const entry = this.#entries.get(connection);
    if (!phase || !entry) return;
    entry.phases = [...entry.phases.slice(1 - MAX_PHASES), { phase, since: at }];
    if ('cause' in event) entry.cause = messageOf(event.cause);
    if (type === 'lost') entry.wasLost = true;
    if (type !== 'connected') return;
    entry.cause = undefined;
    if (entry.wasLost) entry.reconnects++;
    entry.wasLost = false;
  }

  #report(connections: readonly C[], at: number): PoolReport {
    const reports = connections.flatMap((connection): ConnectionReport[] => {
      const entry = this.#entries.get(connection);
      if (!entry) return [];
      const { joinedAt, reconnects, cause, phases } = entry;
      entry.phases = phases.filter((_, index) => (phases[index + 1]?.since ?? at) > at - WINDOW || !phases[index + 1]);
      const { name = 'unnamed', endpoint = 'unknown', pending: load } = connection;
      return [{ name, endpoint, load, joinedAt, reconnects, cause, phases: entry.phases }];
    });
    return { at, connections: reports };
  }
}

/** Each call as it ends: one that was given no connection has failed. */
function callsOf<C extends Reporting>(pool: Pick<ReportedPool<C>, 'observe'>): Observable<Call> {
  return new Observable((subscriber) =>
    pool.observe({
      onUse: ({ durationMs, outcome }) => subscriber.next([durationMs, outcome === 'ok']),
      onWait: ({ durationMs, outcome }) => {
        if (outcome !== 'acquired') subscriber.next([durationMs, false]);
      },
    }),
  );
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
