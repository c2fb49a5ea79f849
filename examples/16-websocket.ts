// A pool of WebSockets: requests and replies by id, messages that the server sends by itself, a loss, and a page that sleeps.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { BehaviorSubject, filter, firstValueFrom, map, merge, switchMap, take, toArray } from 'rxjs';
import { ConnectionPool, dialWhile, resilient } from 'rxpool';
import { WebSocketConnection } from 'rxpool/websocket';
import { WebSocket, WebSocketServer } from 'ws';

interface Call {
  readonly method: string;
  readonly params?: readonly number[];
}

/** A reply has the id of its request. A message without an id is news. */
interface Message {
  readonly id?: number;
  readonly result?: number;
  readonly error?: string;
  readonly news?: string;
}

async function main(): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const { id, method, params = [] } = JSON.parse(String(data)) as Call & { readonly id: number };
      const result = params.reduce((sum, value) => sum + value, 0);
      const answer = /add|ping/.test(method) ? { id, result } : { id, error: `no method ${method}` };
      socket.send(JSON.stringify(answer));
    });
  });
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;

  // In a page this is pageAwake() of rxpool/websocket: online, and visible.
  const awake$ = new BehaviorSubject(true);
  const connect = () =>
    new WebSocketConnection(url, {
      // Only where there is no global WebSocket: browsers have one, and Node from version 22 on.
      WebSocket,
      encode: (call: Call, id) => JSON.stringify({ ...call, id }),
      decode: (data): Message => JSON.parse(String(data)),
      correlate: ({ id }) => id,
      reply: ({ result, error }) => {
        if (error !== undefined) throw new Error(error);
        return result;
      },
      ping: () => ({ method: 'ping' }),
      label: ({ method }) => method,
    });
  const pool = new ConnectionPool(3, connect, { breaker: dialWhile(awake$), policies: resilient() });
  await pool.ready({ min: 3 });

  const add = (n: number) => pool.use((connection) => connection.request({ method: 'add', params: [n, n] }));
  const sums = [1, 2, 3, 4, 5, 6].map(add);
  console.log('pending on each:', pool.connections.map(({ pending }) => pending).join(' '));
  console.log('sums:', (await Promise.all(sums)).join(' '));
  await pool
    .use((connection) => connection.request({ method: 'subtract' }))
    .catch((error: Error) => console.log('refused:', error.message));

  const news$ = pool.connected$.pipe(
    switchMap((connections) => merge(...connections.map(({ messages$ }) => messages$))),
    map(({ news }) => news),
  );
  const heard = firstValueFrom(news$.pipe(take(3), toArray()));
  for (const socket of server.clients) socket.send(JSON.stringify({ news: 'hello' }));
  console.log('news:', (await heard).join(' '));

  // While the page sleeps nothing is dialled, and all of it at once when it wakes.
  const status = (wanted: string) => firstValueFrom(pool.health$.pipe(filter((health) => health.status === wanted)));
  awake$.next(false);
  for (const socket of server.clients) socket.close(1001, 'restart');
  await status('down');
  console.log('asleep:', (await add(7).catch((error: { code: string }) => error.code)) ?? '');
  awake$.next(true);
  await status('healthy');
  console.log('awake:', await add(7));
  await pool.dispose();
  server.close();
}

void main();
