import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { ConnectionPool, PoolNotConnectedError } from 'rxpool';
import { closedPort, listen, NetConnection } from '../support/net-connection.js';

/** The tests of zcached's AsyncConnectionPool, over real sockets. */
describe.each([
  { healing: 'with the default healing', options: {} },
  { healing: 'without healing', options: { heal: false as const } },
])('a pool of two against a server that refuses, $healing', ({ options }) => {
  let port: number;
  let pool: ConnectionPool<NetConnection>;

  /** Healing may be redialling a member, which is neither connected nor broken meanwhile. */
  const notConnected = (): number => {
    const { broken, connecting } = pool.health;
    return broken + connecting;
  };

  beforeAll(async () => {
    port = await closedPort();
  });

  beforeEach(() => {
    pool = new ConnectionPool(2, () => new NetConnection(port), options);
  });

  afterEach(() => pool.dispose());

  it('a pool is empty before setup()', () => {
    expect(pool.connections).toHaveLength(0);
    expect(pool.connectedConnections).toHaveLength(0);
    expect(pool.brokenConnections).toHaveLength(0);
    expect(pool.poolSize).toBe(2);
    expect(pool.isEmpty()).toBe(true);
    expect(pool.isFull()).toBe(false);
    expect(pool.isWorking()).toBe(false);
  });

  it('close() before setup() resolves, and setup() works afterwards', async () => {
    await expect(pool.close()).resolves.toBeUndefined();
    await pool.setup();
    expect(pool.connections).toHaveLength(2);
  });

  it('setup() against a server that refuses leaves two broken members with ECONNREFUSED', async () => {
    await pool.setup();
    expect(pool.connections).toHaveLength(2);
    expect(pool.connectedConnections).toHaveLength(0);
    expect(pool.brokenConnections).toHaveLength(2);
    expect(pool.isEmpty()).toBe(false);
    expect(pool.isFull()).toBe(true);
    expect(pool.isWorking()).toBe(false);
    expect(pool.connections.map(({ cause }) => (cause as NodeJS.ErrnoException).code)).toEqual([
      'ECONNREFUSED',
      'ECONNREFUSED',
    ]);
  });

  it('reducePoolConnections(), cleanupBrokenConnections() and extendPoolBySize() work on broken members', async () => {
    await pool.setup();

    expect(pool.reducePoolConnections(1)).toBe(1);
    expect(pool.poolSize).toBe(1);
    expect(pool.connections).toHaveLength(1);

    expect(pool.cleanupBrokenConnections()).toBe(1);
    expect(pool.poolSize).toBe(1);
    expect(pool.connections).toHaveLength(0);

    await pool.extendPoolBySize(1);
    expect(pool.poolSize).toBe(1);
    expect(pool.connections).toHaveLength(1);
    expect(pool.brokenConnections).toHaveLength(1);
  });

  it('extendPoolByConnections() called twice with the same connections adds them once', async () => {
    const connections = [new NetConnection(port), new NetConnection(port)];
    await pool.extendPoolByConnections(connections);
    await pool.extendPoolByConnections(connections);
    expect(pool.connections).toEqual(connections);
    expect(notConnected()).toBe(2);
  });

  it('reconnect() against a server that refuses resolves with 0 and keeps both members', async () => {
    await pool.setup();
    await expect(pool.reconnect()).resolves.toBe(0);
    await expect(pool.reconnect(false)).resolves.toBe(0);
    expect(notConnected()).toBe(2);
  });

  it('getLeastLoadedConnection() throws PoolNotConnectedError when every dial was refused', async () => {
    await pool.setup();
    expect(() => pool.getLeastLoadedConnection()).toThrow(PoolNotConnectedError);
  });

  it('reducePoolConnections(-5) changes nothing and returns 0', async () => {
    await pool.setup();
    expect(pool.reducePoolConnections(-5)).toBe(0);
    expect(pool.poolSize).toBe(2);
    expect(pool.connections).toHaveLength(2);
  });

  it.each([true, false])(
    'setup() after close() replaces both members, and the old ones are closed (close awaited: %s)',
    async (awaited) => {
      await pool.setup();
      const first = pool.connections;
      const closing = pool.close();
      expect(pool.connections).toHaveLength(0);
      if (awaited) await closing;
      await pool.setup();
      expect(pool.connections).toHaveLength(2);
      expect(pool.connections).not.toEqual(expect.arrayContaining([first[0]]));
      expect(pool.poolSize).toBe(2);
      await closing;
      expect(first.map(({ state }) => state)).toEqual(['closed', 'closed']);
    },
  );
});

describe('a pool of two and a server that accepts', () => {
  it('setup(), reconnect() after a loss and dispose() over real sockets leave no socket open', async () => {
    const sockets = new Set<Socket>();
    let accepted!: () => void;
    const both = new Promise<void>((resolve) => {
      accepted = resolve;
    });
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
      if (sockets.size === 2) accepted();
    });
    const port = await listen(server);
    const pool = new ConnectionPool(2, () => new NetConnection(port), { heal: false });
    await Promise.all([pool.setup(), both]);
    expect(pool.connectedConnections).toHaveLength(2);

    const broken = new Promise<void>((resolve) => {
      pool.broken$.subscribe((all) => all.length === 2 && resolve());
    });
    for (const socket of sockets) socket.resetAndDestroy();
    await broken;
    expect(pool.isWorking()).toBe(false);
    await expect(pool.reconnect()).resolves.toBe(2);

    await pool.dispose();
    // A server emits close only after its last socket has closed.
    server.close();
    await expect(once(server, 'close')).resolves.toBeDefined();
  });
});
