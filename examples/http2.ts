// Sessions of HTTP/2, with as many streams as the server allows, and a server that sends GOAWAY under load.
import { once } from 'node:events';
import { createServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectionPool, resilient } from 'rxpool';
import { get, http2 } from './adapters/http2.js';

async function main(): Promise<void> {
  const server = createServer({ settings: { maxConcurrentStreams: 2 } });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session.on('close', () => sessions.delete(session)));
  });
  server.on('stream', async (stream, headers) => {
    await sleep(20);
    stream.respond({ ':status': 200 });
    stream.end(`you asked for ${headers[':path']}`);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;

  const pool = new ConnectionPool(2, http2(`http://127.0.0.1:${port}`), { policies: resilient() });
  await pool.ready({ min: 2 });
  const ask = (path: string): Promise<string> => pool.use(({ client }) => get(client, path), { timeout: 5_000 });
  const bodies = ['/1', '/2', '/3', '/4', '/5', '/6'].map(ask);
  console.log('pending on each:', pool.connections.map(({ pending }) => pending).join(' '));
  console.log('waiting:', pool.health.waiting);
  console.log((await Promise.all(bodies)).join('\n'));

  pool.events$.subscribe(({ type }) => type === 'lost' && console.log('event: lost'));
  const during = ['/7', '/8', '/9', '/10'].map(ask);
  // Gently: streams that are on their way are accepted still.
  for (const session of sessions) session.goaway(0, 2 ** 31 - 1);
  console.log('answered through GOAWAY:', (await Promise.all(during)).length);
  console.log('answered by new sessions:', await ask('/11'));
  await pool.dispose();
  server.close();
}

void main();
