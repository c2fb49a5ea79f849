import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ConnectionPool } from 'rxpool';
import { ZcachedClient, ZcachedConnection, type ZcachedOptions } from 'rxpool/zcached';
import { asking, type Finding, type Medians, type Race, timed, type Variant } from './measure.js';
import { startServer } from './server-process.js';

const CALLERS = 64;
const COUNT = 1_024;
const ROUNDS = 75;
const SIZES = [1, 4, 8, 32];
const PIPELINING = 64;
/** Requests a second on one connection of the original Python client, measured once, elsewhere. */
const ORIGINAL_RATE = 9.8;
const FRAME = Buffer.from('*2\r\n$3\r\nGET\r\n$6\r\nvisits\r\n\x03');
const ETX = 3;

async function openSockets(count: number, port: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect({ port, noDelay: true }));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}

/** The least that can be done: write, wait for the end of the reply, write again. */
const lockStep = (name: string, sockets: readonly Socket[]): Variant =>
  timed(
    name,
    COUNT,
    (count) =>
      new Promise((resolve) => {
        let left = count;
        let out = 0;
        const ask = (socket: Socket): void => {
          if (left-- <= 0) return;
          out++;
          socket.write(FRAME);
        };
        for (const socket of sockets) {
          socket.removeAllListeners('data').on('data', (data: Buffer) => {
            if (data[data.length - 1] !== ETX) return;
            out--;
            ask(socket);
            if (out === 0) resolve();
          });
          ask(socket);
        }
      }),
  );

const raw = (size: number): string => `raw ${size}`;
const client = (size: number): string => `client ${size}`;
const PIPELINED = 'pipelined';

/** A client's variant, and how to be rid of it. */
async function clientOf(name: string, size: number, options: ZcachedOptions): Promise<[Variant, () => Promise<void>]> {
  const pool = new ConnectionPool(size, () => new ZcachedConnection(options));
  await pool.setup();
  const client = new ZcachedClient(pool);
  return [asking(CALLERS, name, COUNT, () => client.get('visits')), () => pool.dispose()];
}

const connections = (size: number): string => `${size} ${size === 1 ? 'connection' : 'connections'}`;
const shown = (requests: number): string => Math.round(requests).toLocaleString('en');

/** P12: the client through a pool, beside sockets in a loop, and how both grow with their number. */
export async function* benchZcached(): AsyncGenerator<Race, (Finding | string)[], Medians> {
  const { port, signal } = await startServer('responder.ts');
  const sockets = await Promise.all(SIZES.map((size) => openSockets(size, port)));
  const clients = await Promise.all([
    ...SIZES.map((size) => clientOf(client(size), size, { port })),
    clientOf(PIPELINED, 1, { port, pipelining: PIPELINING }),
  ]);
  const loops = SIZES.map((size, index) => lockStep(raw(size), sockets[index] as Socket[]));
  // All numbers of connections take turns: their growth is not the machine's drift.
  const time = yield { variants: [...loops, ...clients.map(([variant]) => variant)], rounds: ROUNDS };
  for (const socket of sockets.flat()) socket.destroy();
  await Promise.all(clients.map(([, dispose]) => dispose()));
  signal();

  const rate = (name: string): number => 1e9 / time(name);
  const against = (size: number): number => rate(client(size)) / size / ORIGINAL_RATE;
  const findings: (Finding | string)[] = SIZES.map((size) => ({
    goal: 'P12',
    about: `zcached, ${connections(size)}`,
    measured: `client ${shown(rate(client(size)))} requests a second`,
    baseline: `raw socket loop ${shown(rate(raw(size)))}`,
    figure: rate(client(size)) / rate(raw(size)),
    unit: '×',
    limit: { atLeast: 0.85 },
  }));
  findings.push({
    goal: 'P12',
    about: 'zcached, one connection against the original client',
    measured: `client ${shown(rate(client(1)))} requests a second`,
    baseline: `the original client ${ORIGINAL_RATE}`,
    figure: against(1),
    unit: '×',
    limit: { atLeast: 1_000 },
  });
  for (const [name, variant] of [['raw socket loop', raw] as const, ['client', client] as const]) {
    const growth = SIZES.map((size) => `${shown(rate(variant(size)))} (${size})`).join(', ');
    findings.push(`requests a second by connections, ${name}: ${growth}`);
  }
  const gain = rate(PIPELINED) / rate(client(1));
  findings.push(
    `1 connection, pipelining ${PIPELINING}: ${shown(rate(PIPELINED))} requests a second, ${gain.toFixed(2)}×`,
  );
  return findings;
}
