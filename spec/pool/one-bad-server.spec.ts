import { createServer, type Socket } from 'node:net';
import { ConnectionPool, leastLoaded, type Strategy } from 'rxpool';
import { track } from '../support/cleanup.js';
import { listen, NetConnection } from '../support/net-connection.js';

/** Answers each byte with one; while it is stopped it keeps what comes, and answers nothing. */
class ByteServer {
  readonly #server = createServer((socket) => this.#serve(socket));
  readonly #sockets = new Set<Socket>();
  isStopped = false;
  asked = 0;
  endpoint = '';

  async open(): Promise<this> {
    this.endpoint = `127.0.0.1:${await listen(this.#server)}`;
    return this;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (data: Buffer) => {
      this.asked += data.length;
      if (!this.isStopped) socket.write(data);
    });
  }
}

/** Many requests on one connection, answered in order. What is given up is owed until the end. */
class ByteConnection extends NetConnection {
  readonly #waiting: (() => void)[] = [];

  ask(signal: AbortSignal): Promise<void> {
    this.begin();
    this.transport?.write('?');
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  protected override async open(signal: AbortSignal): Promise<Socket> {
    const socket = await super.open(signal);
    socket.on('data', (data: Buffer) => {
      for (let answers = data.length; answers > 0; answers--) {
        this.end();
        this.#waiting.shift()?.();
      }
    });
    return socket;
  }
}

const CALLS = 3_000;
const CALLERS = 16;

describe('A pool over three servers on real sockets, one of which has stopped', () => {
  it.each<[string, Strategy<ByteConnection> | undefined]>([
    ['the default strategy', undefined],
    ['leastLoaded()', leastLoaded()],
  ])(
    'fewer than 1 in 100 requests meets that server under %s: the 99th percentile is that of the others',
    async (_, select) => {
      const servers = await Promise.all([1, 2, 3].map(() => new ByteServer().open()));
      for (const server of servers) track(server);
      const pool = new ConnectionPool<ByteConnection>(
        6,
        ({ endpoint = '' }) => new ByteConnection(Number(endpoint.split(':')[1])),
        { endpoints: servers.map(({ endpoint }) => endpoint), select },
      );
      track({ close: () => pool.dispose() });
      await pool.setup();
      expect(pool.health.endpoints).toMatchObject(servers.map(({ endpoint }) => ({ endpoint, connected: 2 })));
      const [stopped] = servers as [ByteServer];
      stopped.isStopped = true;
      let left = CALLS;
      let answered = 0;
      // A caller that meets the stopped server waits until all others are done.
      const isStuck = (): boolean => pool.health.endpoints?.[0]?.pending === pool.health.pending;
      const stuck = new AbortController();
      const caller = async (): Promise<void> => {
        while (left-- > 0) {
          const call = pool.use((connection, { signal }) => connection.ask(signal), { signal: stuck.signal });
          await call;
          answered++;
          if (left <= 0 && isStuck()) stuck.abort();
        }
      };
      const callers = Array.from({ length: CALLERS }, () => caller().catch(() => {}));
      await Promise.all(callers);
      expect(stopped.asked).toBeLessThan(CALLS / 100);
      expect(answered).toBeGreaterThan(CALLS - CALLERS);
    },
  );
});
