import type { Observable } from 'rxjs';
import {
  type CommandFailure,
  ConnectionPool,
  type ConnectionPoolOptions,
  exponentialBackoff,
  type PoolEvent,
  reconnectBroken,
} from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { seeded } from './seeded.js';
import { VirtualClock } from './virtual-clock.js';

type Source = readonly string[] | Observable<readonly string[] | CommandFailure>;

/** A pool over servers that a test switches off and on, in virtual time. */
export class EndpointRig {
  readonly clock = new VirtualClock();
  readonly made: ScriptedConnection[] = [];
  readonly events: PoolEvent<ScriptedConnection>[] = [];
  /** What the factory was told, one for each call. */
  readonly requests: { readonly endpoint?: string; readonly replaces?: ScriptedConnection }[] = [];
  readonly pool: ConnectionPool<ScriptedConnection>;
  /** The fewest that have been in service since the test set it, by `health$`. */
  fewest = Number.POSITIVE_INFINITY;
  readonly #down = new Set<string>();

  constructor(
    poolSize: number,
    endpoints: Source | undefined,
    options: ConnectionPoolOptions<ScriptedConnection> = {},
    /** What the pool draws, between 0 and 1: which of equal endpoints is taken. By default the first of the list. */
    drawn = 0,
  ) {
    const { scheduler } = this.clock;
    const backoff = exponentialBackoff({ random: seeded(7) });
    const { random } = Math;
    Math.random = () => drawn;
    try {
      this.pool = new ConnectionPool<ScriptedConnection>(
        poolSize,
        (request) => {
          this.requests.push(request);
          return this.#make(request.endpoint);
        },
        { scheduler, heal: reconnectBroken({ scheduler, backoff }), endpoints, ...options },
      );
    } finally {
      Math.random = random;
    }
    this.pool.events$.subscribe((event) => this.events.push(event));
    this.pool.health$.subscribe(({ connected }) => {
      this.fewest = Math.min(this.fewest, connected);
    });
  }

  /** How many members each endpoint has, as `a:2 b:2`. */
  get shares(): string {
    return this.figures(({ total }) => total);
  }

  /** How many in service each endpoint has. */
  get connected(): string {
    return this.figures(({ connected }) => connected);
  }

  figures(figure: (of: { readonly total: number; readonly connected: number }) => number): string {
    return (this.pool.health.endpoints ?? []).map((each) => `${each.endpoint}:${figure(each)}`).join(' ');
  }

  to(endpoint: string): ScriptedConnection[] {
    return this.pool.connections.filter((connection) => connection.endpoint === endpoint);
  }

  eventsOf(type: PoolEvent<ScriptedConnection>['type']): PoolEvent<ScriptedConnection>[] {
    return this.events.filter((event) => event.type === type);
  }

  /** Loses the connections to a server, and has it refuse all dials. */
  stop(endpoint: string): void {
    this.#down.add(endpoint);
    for (const connection of this.made) if (connection.endpoint === endpoint) connection.lose();
  }

  start(endpoint: string): void {
    this.#down.delete(endpoint);
  }

  async setup(): Promise<this> {
    await this.pool.setup();
    return this;
  }

  async end(): Promise<void> {
    const disposed = this.pool.dispose();
    await this.clock.advance(60_000);
    await disposed;
  }

  #make(endpoint: string | undefined): ScriptedConnection {
    const connection = new ScriptedConnection({ name: `#${this.made.length + 1}`, endpoint });
    const isDown = (): boolean => endpoint !== undefined && this.#down.has(endpoint);
    Object.defineProperty(connection, 'onDial', { get: () => (isDown() ? 'refuse' : 'accept') });
    this.made.push(connection);
    return connection;
  }
}
