// Requests over connections of NATS, and what the pool does when the server is killed and started again.
import { connect } from '@nats-io/transport-node';
import { ConnectionPool, resilient } from 'rxpool';
import { nats } from './adapters/nats.js';
import { NATS, withServer } from './adapters/server.js';

void withServer(NATS, async (server) => {
  const url = `nats://127.0.0.1:${server.port}`;
  // The service that answers has a connection of its own, which reconnects by itself.
  const service = await connect({ servers: url, reconnectTimeWait: 50, maxReconnectAttempts: -1 });
  service.subscribe('shout', {
    callback: (_error, message) => {
      message.respond(message.string().toUpperCase());
    },
  });
  await service.flush();

  const pool = new ConnectionPool(3, nats(url), { policies: resilient() });
  const shout = async (text: string): Promise<string> => {
    const reply = await pool.use(({ client }) => client.request('shout', text, { timeout: 2_000 }), { timeout: 2_500 });
    return reply.string();
  };
  console.log((await Promise.all(['one', 'two', 'three'].map(shout))).join(' '));

  await pool.ready({ min: 3 });
  pool.events$.subscribe(({ type }) => type === 'lost' && console.log('event: lost'));
  const serviceIsBack = (async () => {
    for await (const { type } of service.status()) if (type === 'reconnect') return;
  })();
  await server.restart();
  await serviceIsBack;
  // Answered when the server has the subscription again.
  await service.flush();
  console.log(await shout('after the restart'));
  await pool.dispose();
  await service.close();
});
