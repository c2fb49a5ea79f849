import { ConnectionPool } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedClient, ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { until } from '../support/until.js';

it.each(['2024', '2025'] as const)(
  'client with a pool on a %s server: works again after all connections were cut',
  async (generation) => {
    const server = track(await startZcachedServer({ generation }));
    const pool = track(new ConnectionPool(3, () => new ZcachedConnection({ port: server.port })));
    await pool.setup();
    const client = new ZcachedClient(pool);
    await Promise.all(Array.from({ length: 50 }, (_, index) => client.set(`k${index}`, index)));
    expect(await client.dbsize()).toBe(50);
    expect(await client.get('nothing')).toBeUndefined();
    server.cutConnections();
    await until(() => !pool.isWorking());
    await until(() => pool.connectedConnections.length === 3);
    expect(await client.get('k7')).toBe(7);
    expect(pool.connections.map(({ pending }) => pending)).toEqual([0, 0, 0]);
  },
);
