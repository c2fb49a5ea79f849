import { createServer, type Socket } from 'node:net';
import { createPool } from 'generic-pool';
import { ConnectionPool } from '../../src/index.js';
import { listen, NetConnection } from '../support/net-connection.js';
import { asking, inform, interleave, report } from './measure.js';

const SIZE = 8;
const CALLERS = 64;
const COUNT = 2_048;
const ROUNDS = 75;

/** A client of an echo server. Requests of one turn share a write, and need not wait for one another's replies. */
class EchoConnection extends NetConnection {
  readonly #waiting: (() => void)[] = [];
  #unsent = '';

  /** Resolves when the line is back. */
  echo(): Promise<void> {
    this.begin();
    if (this.#unsent === '') queueMicrotask(() => this.#flush());
    this.#unsent += 'hello\n';
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  protected override async open(signal: AbortSignal): Promise<Socket> {
    const socket = await super.open(signal);
    socket.setNoDelay(true).on('data', (data: Buffer) => this.#take(data));
    return socket;
  }

  #flush(): void {
    this.transport?.write(this.#unsent);
    this.#unsent = '';
  }

  #take(data: Buffer): void {
    for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10, at + 1)) {
      this.end();
      this.#waiting.shift()?.();
    }
  }
}

/** P10: one client in a pool, in a loop over an array, and lent to one caller at a time. */
export async function benchWire(): Promise<boolean> {
  const server = createServer(
    (socket) =>
      void socket
        .setNoDelay(true)
        .pipe(socket)
        .on('error', () => {}),
  );
  const port = await listen(server);
  const pool = new ConnectionPool(SIZE, () => new EchoConnection(port));
  await pool.setup();
  const connections = Array.from({ length: SIZE }, () => new EchoConnection(port));
  await Promise.all(connections.map((connection) => connection.connect()));
  const factory = {
    create: async (): Promise<EchoConnection> => {
      const connection = new EchoConnection(port);
      await connection.connect();
      return connection;
    },
    destroy: (connection: EchoConnection) => connection.close(),
  };
  const exclusive = createPool(factory, { min: SIZE, max: SIZE });
  await exclusive.ready();

  let next = 0;
  const variants = [
    asking(CALLERS, 'pool', () => pool.getLeastLoadedConnection().echo()),
    asking(CALLERS, 'round robin', () => (connections[next++ % SIZE] as EchoConnection).echo()),
    asking(CALLERS, 'use', () => pool.use((connection) => connection.echo())),
    asking(CALLERS, 'generic-pool', () => exclusive.use((connection) => connection.echo())),
  ];
  const times = await interleave(variants, COUNT, ROUNDS);

  await pool.dispose();
  await Promise.all(connections.map((connection) => connection.close()));
  await exclusive.drain();
  await exclusive.clear();
  server.close();

  const time = (name: string): number => times.get(name) as number;
  const rate = (name: string): string => `${Math.round(1e9 / time(name)).toLocaleString('en')} requests a second`;
  inform(`${CALLERS} callers, ${SIZE} connections, through use: ${rate('use')}`);
  return [
    report({
      goal: 'P10 throughput against a hand-written round robin',
      measured: `pool ${rate('pool')}`,
      baseline: `round robin ${rate('round robin')}`,
      figure: time('round robin') / time('pool'),
      unit: '×',
      limit: { atLeast: 0.97 },
    }),
    report({
      goal: 'P10 throughput against an exclusive pool',
      measured: `pool ${rate('pool')}`,
      baseline: `generic-pool ${rate('generic-pool')}`,
      figure: time('generic-pool') / time('pool'),
      unit: '×',
      limit: { atLeast: 4 },
    }),
  ].every(Boolean);
}
