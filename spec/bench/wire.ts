import { createServer, type Socket } from 'node:net';
import { createPool } from 'generic-pool';
import { ConnectionPool } from 'rxpool';
import { listen, NetConnection } from '../support/net-connection.js';
import { asking, type Finding, type Medians, type Race } from './measure.js';

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

/** P11 without a server to install: a pool that shares connections beside one that lends them. */
export async function* benchWire(): AsyncGenerator<Race, (Finding | string)[], Medians> {
  const server = createServer((socket) => {
    socket.setNoDelay(true).on('error', () => {});
    socket.pipe(socket);
  });
  const port = await listen(server);
  const pool = new ConnectionPool(SIZE, () => new EchoConnection(port));
  await pool.setup();
  const connections = Array.from({ length: SIZE }, () => new EchoConnection(port));
  const single = new EchoConnection(port);
  await Promise.all([single, ...connections].map((connection) => connection.connect()));
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
  const ask = (name: string, once: () => Promise<unknown>) => asking(CALLERS, name, COUNT, once);
  const time = yield {
    variants: [
      ask('pool', () => pool.getLeastLoadedConnection().echo()),
      ask('round robin', () => (connections[next++ % SIZE] as EchoConnection).echo()),
      ask('use', () => pool.use((connection) => connection.echo())),
      ask('one connection', () => single.echo()),
      ask('generic-pool', () => exclusive.use((connection) => connection.echo())),
    ],
    rounds: ROUNDS,
  };

  await pool.dispose();
  await Promise.all([single, ...connections].map((connection) => connection.close()));
  await exclusive.drain();
  await exclusive.clear();
  server.close();

  const rate = (name: string): string =>
    `${name} ${Math.round(1e9 / time(name)).toLocaleString('en')} requests a second`;
  return [
    {
      goal: 'P11',
      about: `${CALLERS} callers of an echo server on ${SIZE} connections by use`,
      measured: rate('use'),
      baseline: rate('generic-pool'),
      figure: time('generic-pool') / time('use'),
      unit: '×',
      limit: { atLeast: 2.5 },
    },
    ['pool', 'round robin', 'one connection'].map(rate).join(', '),
  ];
}
