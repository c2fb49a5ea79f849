// A pool of clients of the package ioredis, each of which sends the commands of one turn together.
import { ConnectionPool, resilient } from 'rxpool';
import { ioredis } from './adapters/ioredis.js';
import { REDIS, withServer } from './adapters/server.js';

void withServer(REDIS, async (server) => {
  const pool = new ConnectionPool(2, ioredis(`redis://127.0.0.1:${server.port}`), { policies: resilient() });
  await pool.ready({ min: 2 });
  const counts = Array.from({ length: 100 }, () => pool.use(({ client }) => client.incr('count'), { timeout: 500 }));
  console.log('pending on each:', pool.connections.map(({ pending }) => pending).join(' '));
  console.log('counted to:', Math.max(...(await Promise.all(counts))));

  await server.restart();
  console.log('after the restart:', await pool.use(({ client }) => client.ping(), { timeout: 5_000 }));
  await pool.dispose();
});
