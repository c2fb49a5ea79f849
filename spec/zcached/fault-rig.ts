import type { Connection, ConnectionState } from 'rxpool';
import { ConnectionPool, type ConnectionPoolOptions, constantBackoff, reconnectBroken } from 'rxpool';
import {
  type FaultProxy,
  type FaultProxyOptions,
  startFaultProxy,
  startZcachedServer,
  type ZcachedServer,
  type ZcachedServerOptions,
} from 'rxpool/testing/node';
import { ZcachedConnection, type ZcachedOptions } from 'rxpool/zcached';
import {
  type CountingClock,
  countingClock,
  type ProcessWatch,
  STREAMS,
  type StreamWatch,
  watchProcess,
  watchStreams,
} from '../support/invariants.js';
import { until } from '../support/until.js';

export interface RigOptions {
  readonly size?: number;
  readonly server?: ZcachedServerOptions;
  readonly proxy?: Omit<FaultProxyOptions, 'port'>;
  readonly connection?: ZcachedOptions;
  readonly pool?: ConnectionPoolOptions<ZcachedConnection>;
}

/** Where a state may go from each. */
const LEGAL: Record<ConnectionState, readonly ConnectionState[]> = {
  idle: ['connecting', 'closed'],
  connecting: ['connected', 'broken', 'closed'],
  connected: ['draining', 'broken', 'closed'],
  draining: ['broken', 'closed'],
  broken: ['connecting', 'closed'],
  closed: ['connecting'],
};

/** A pool that redials at once, a proxy and a server behind it, and a record of what each of them did. */
export class FaultRig {
  server!: ZcachedServer;
  proxy!: FaultProxy;
  pool!: ConnectionPool<ZcachedConnection>;
  /** How often the server has seen each nonce. */
  readonly seen = new Map<string, number>();
  /** Connections that broke, in order. */
  readonly lost: ZcachedConnection[] = [];
  readonly #options: RigOptions;
  readonly #watch: ProcessWatch = watchProcess();
  readonly #clock: CountingClock = countingClock();
  readonly #illegal: string[] = [];
  #streams!: StreamWatch;

  private constructor(options: RigOptions) {
    this.#options = options;
  }

  static async open(options: RigOptions = {}): Promise<FaultRig> {
    const rig = new FaultRig(options);
    await rig.startServer();
    rig.proxy = await startFaultProxy({ port: rig.server.port, ...options.proxy });
    const { size = 4 } = options;
    const heal = reconnectBroken<ZcachedConnection>({ backoff: constantBackoff(2, { jitter: 1 }) });
    rig.pool = new ConnectionPool(size, () => rig.#connection(), { heal, ...options.pool });
    rig.#streams = watchStreams(rig.pool);
    rig.pool.events$.subscribe((event) => {
      if (event.type === 'lost') rig.lost.push(event.connection);
    });
    await rig.pool.setup();
    return rig;
  }

  /** At the same port as before, if there was one. */
  async startServer(): Promise<void> {
    this.server = await startZcachedServer({
      flaws: { silencesNeighbour: false },
      ...this.#options.server,
      port: this.server?.port ?? 0,
      onRequest: ([, nonce = '']) => void this.seen.set(nonce, (this.seen.get(nonce) ?? 0) + 1),
    });
  }

  ask(nonce: string, connection?: ZcachedConnection): Promise<unknown> {
    const call = { command: 'ECHO', args: [nonce] };
    return connection ? connection.request(call) : this.pool.use((one) => one.request(call));
  }

  get isWhole(): boolean {
    return this.pool.connectedConnections.length === this.pool.poolSize;
  }

  /** Without help; and then every connection answers. */
  async whole(): Promise<void> {
    await until(() => this.isWhole);
    for (const [index, connection] of this.pool.connections.entries()) {
      const nonce = `whole ${index} ${this.seen.size}`;
      if ((await this.ask(nonce, connection)) !== nonce) throw new Error('Another reply than its own');
    }
  }

  /** Closes everything, and tells of whatever should not be. */
  async close(): Promise<unknown> {
    const pending = this.pool.connections.map((connection) => connection.pending);
    const early = this.#streams.ended;
    await this.pool.dispose();
    await this.proxy.close();
    await this.server.close();
    await until(() => this.#watch.sockets <= 0);
    this.#watch.end();
    return {
      pending: pending.filter((count) => count !== 0),
      timers: this.#clock.timers,
      complaints: this.#watch.complaints,
      illegal: this.#illegal,
      streams: { early, ended: this.#streams.ended },
    };
  }

  #connection(): ZcachedConnection {
    const { connection: options } = this.#options;
    const connection = new ZcachedConnection({ port: this.proxy.port, clock: this.#clock, ...options });
    this.#follow(connection);
    return connection;
  }

  #follow(connection: Connection): void {
    let last: ConnectionState | undefined;
    connection.state$.subscribe({
      next: (state) => {
        if (last && !LEGAL[last].includes(state)) this.#illegal.push(`${last} → ${state}`);
        last = state;
      },
      error: (error) => this.#illegal.push(String(error)),
    });
  }
}

/** What {@link FaultRig.close} tells if every invariant held. */
export const IN_ORDER = {
  pending: [],
  timers: 0,
  complaints: [],
  illegal: [],
  streams: { early: [], ended: STREAMS.map((name) => `${name} completed`) },
};
