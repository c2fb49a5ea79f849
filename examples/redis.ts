// A pool of clients of the package redis, and what it does when Redis is killed and started again.
import { ConnectionPool, resilient } from 'rxpool';
import { redis } from './adapters/redis.js';
import { REDIS, withServer } from './adapters/server.js';

void withServer(REDIS, async (server) => {
  const pool = new ConnectionPool(4, redis(`redis://127.0.0.1:${server.port}`), { policies: resilient() });
  await pool.use(({ client }) => client.set('greeting', 'hello'), { timeout: 500 });
  console.log('greeting:', await pool.use(({ client }) => client.get('greeting'), { timeout: 500 }));

  // Commands that belong together go to one client: read it once.
  const visits = await pool.use(({ client }) => client.multi().incr('visits').incr('visits').exec());
  console.log('visits:', visits.join(' '));

  await pool.ready({ min: 4 });
  pool.events$.subscribe(({ type }) => type === 'lost' && console.log('event: lost'));
  await server.restart();
  // A caller waits for a connection now, at most `waitTimeout`.
  console.log('after the restart:', await pool.use(({ client }) => client.ping(), { timeout: 5_000 }));
  await pool.dispose();
});
