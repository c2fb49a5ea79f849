import { ConnectionPool, type ConnectionPoolOptions } from 'rxpool';
import { startZcachedServer, type ZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';
import { watch } from '../support/pools.js';
import { turns, until } from '../support/until.js';

type Pool = ConnectionPool<ZcachedConnection>;

describe('a pool over real sockets', () => {
  const servers: ZcachedServer[] = [];
  const pools: Pool[] = [];

  /** Its clients come and go, and none of them is to fall silent for that. */
  async function serve(options?: Parameters<typeof startZcachedServer>[0]): Promise<ZcachedServer> {
    const server = await startZcachedServer({ flaws: { silencesNeighbour: false }, ...options });
    servers.push(server);
    return server;
  }

  async function open(
    size: number,
    factory: () => ZcachedConnection,
    options?: ConnectionPoolOptions<ZcachedConnection>,
  ): Promise<Pool> {
    const pool = new ConnectionPool(size, factory, options);
    pools.push(pool);
    await pool.setup();
    return pool;
  }

  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.close({ drainTimeout: 0 })));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  describe('close()', () => {
    it('close() fails requests it cuts off with sent: maybe, and waiters with sent: never', async () => {
      const server = await serve();
      const pool = await open(4, () => new ZcachedConnection({ port: server.port }), { maxPending: 1 });
      const before = server.requests;
      server.pause();
      const plain = [1, 2].map((key) => pool.use((connection) => connection.send('SET', `key:${key}`, key)));
      const heeding = [3, 4].map((key) =>
        pool.use((connection, { signal }) => connection.request({ command: 'SET', args: [`key:${key}`, key], signal })),
      );
      const waiting = pool.use((connection) => connection.send('SET', 'never', 1));
      const all = Promise.allSettled([...plain, ...heeding, waiting]);
      await until(() => server.requests === before + 4);
      await pool.close({ drainTimeout: 30 });
      const failures = (await all).map((end) => (end.status === 'rejected' ? end.reason : end.status));
      expect(failures).toMatchObject([
        { code: 'ERR_CONNECTION_LOST', sent: 'maybe' },
        { code: 'ERR_CONNECTION_LOST', sent: 'maybe' },
        { code: 'ERR_REQUEST_ABORTED', sent: 'maybe' },
        { code: 'ERR_REQUEST_ABORTED', sent: 'maybe' },
        { code: 'ERR_POOL_CLOSED', sent: 'never' },
      ]);
      await until(() => server.connections === 0);
    });

    it('close({ drainTimeout }) lets requests and a lease finish that are answered in time', async () => {
      const server = await serve({ latency: 20 });
      const pool = await open(2, () => new ZcachedConnection({ port: server.port }));
      const replies = ['a', 'b', 'c'].map((word) => pool.use((connection) => connection.send('ECHO', word)));
      const lease = await pool.lease();
      const told = new Promise((resolve) => lease.signal.addEventListener('abort', resolve));
      const closing = pool.close({ drainTimeout: 5_000 });
      await told;
      expect(await lease.connection.send('ECHO', 'last')).toBe('last');
      lease.release();
      expect(await Promise.all(replies)).toEqual(['a', 'b', 'c']);
      await closing;
      await until(() => server.connections === 0);
    });

    it('close() at any turn of setup() leaves no socket open at the server', async () => {
      const server = await serve();
      const pool = new ConnectionPool(4, () => new ZcachedConnection({ port: server.port }), {
        maxDials: 2,
        warmup: (connection) => connection.send('PING'),
      });
      for (let count = 0; count < 20; count++) {
        const setup = pool.setup();
        await turns(count);
        await Promise.all([pool.close(), setup]);
        await until(() => server.connections === 0);
      }
      await pool.setup();
      expect(pool.health.status).toBe('healthy');
      await pool.dispose();
    });
  });

  describe('renew()', () => {
    it('renew() with 30 concurrent callers fails no request and closes the old connections', async () => {
      const server = await serve({ latency: 1 });
      const pool = await open(3, () => new ZcachedConnection({ port: server.port }));
      const old = pool.connections;
      const failures: unknown[] = [];
      let replies = 0;
      let stop = false;
      const caller = async (name: number): Promise<void> => {
        for (let count = 0; !stop; count++) {
          const word = `${name}-${count}`;
          const reply = await pool.use((connection) => connection.send('ECHO', word)).catch((error) => error);
          if (reply === word) replies++;
          else failures.push(reply);
        }
      };
      const callers = Array.from({ length: 30 }, (_, name) => caller(name));
      await until(() => replies > 100);
      for (const maxUnavailable of [0, 1, 2]) await expect(pool.renew({ maxUnavailable })).resolves.toBe(3);
      const before = replies;
      await until(() => replies > before + 100);
      stop = true;
      await Promise.all(callers);
      expect(failures).toEqual([]);
      expect(old.map(({ state }) => state)).toEqual(['closed', 'closed', 'closed']);
      await until(() => server.connections === 3);
      expect(pool.health.pending).toBe(0);
    });

    it('renew() moves every connection to the server that the factory now dials', async () => {
      const [primary, standby] = [await serve(), await serve()];
      let { port } = primary;
      const pool = await open(3, () => new ZcachedConnection({ port }));
      const before = primary.requests;
      port = standby.port;
      await pool.renew();
      await pool.use((connection) => connection.send('SET', 'place', 'standby'));
      await until(() => primary.connections === 0);
      expect([standby.connections, primary.requests]).toEqual([3, before]);
    });

    it('renew() rejects and keeps the old connections in service when the new server refuses', async () => {
      const [primary, standby] = [await serve(), await serve()];
      let { port } = primary;
      const pool = await open(3, () => new ZcachedConnection({ port }));
      port = standby.port;
      await standby.close();
      await expect(pool.renew()).rejects.toMatchObject({ code: 'ERR_RENEWAL', cause: expect.any(Error) });
      expect(pool.health).toMatchObject({ status: 'healthy', total: 3 });
      await expect(pool.use((connection) => connection.send('PING'))).resolves.toBe('PONG');
    });
  });

  it('invalidateConnections() fails a request in flight with sent: maybe, and the pool heals', async () => {
    const server = await serve();
    const pool = await open(1, () => new ZcachedConnection({ port: server.port, closeTimeout: 20 }));
    const before = server.requests;
    server.pause();
    const request = watch(pool.use((connection) => connection.send('SET', 'key', 1)));
    await until(() => server.requests === before + 1);
    pool.invalidateConnections(pool.connections, { cause: new Error('wrong replica') });
    await until(() => request.status !== 'pending');
    server.resume();
    await pool.ready({ timeout: 5_000 });
    expect(request.reason).toMatchObject({ code: 'ERR_CONNECTION_LOST', sent: 'maybe' });
    await expect(pool.use((connection) => connection.send('PING'))).resolves.toBe('PONG');
  });
});
