// Calls over WebSockets of the package ws, to a server in this process that cuts one of them.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ConnectionPool, resilient } from 'rxpool';
import { WebSocketServer } from 'ws';
import { websocket } from './adapters/websocket.js';

async function main(): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { id, method, params } = JSON.parse(String(data));
      const reply = method === 'add' ? { result: params[0] + params[1] } : { error: `no method ${method}` };
      socket.send(JSON.stringify({ id, ...reply }));
    });
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const pool = new ConnectionPool(3, websocket(`ws://127.0.0.1:${port}`), { policies: resilient() });
  await pool.ready({ min: 3 });
  const sums = [1, 2, 3, 4, 5, 6].map((n) => pool.use(({ client }) => client.call('add', n, n), { timeout: 500 }));
  console.log('pending on each:', pool.connections.map(({ pending }) => pending).join(' '));
  console.log('sums:', (await Promise.all(sums)).join(' '));
  await pool
    .use(({ client }) => client.call('subtract', 2, 1))
    .catch((error) => console.log('refused:', error.message));

  const back = new Promise<void>((resolve) => {
    pool.events$.subscribe(({ type }) => {
      if (type === 'lost' || type === 'connected') console.log('event:', type);
      if (type === 'connected') resolve();
    });
  });
  for (const socket of [...server.clients].slice(0, 1)) socket.terminate();
  await back;
  console.log('status:', pool.health.status);
  await pool.dispose();
  server.close();
}

void main();
