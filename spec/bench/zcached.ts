import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { ConnectionPool } from '../../src/index.js';
import { ZcachedClient, ZcachedConnection } from '../../src/zcached/index.js';
import { inform, interleave, report, type Variant } from './measure.js';

const CALLERS = 64;
const COUNT = 4_096;
const ROUNDS = 25;
const SIZES = [1, 4, 8, 32];
/** The original client, a connection; measured, see the goals. */
const ORIGINAL_RATE = 9.8;
const FRAME = Buffer.from('*2\r\n$3\r\nGET\r\n$6\r\nvisits\r\n\x03');
const ETX = 3;

interface Responder {
  readonly port: number;
  stop(): void;
}

async function startResponder(): Promise<Responder> {
  const child = spawn(process.execPath, [join('spec', 'package', 'run.mjs'), join('spec', 'bench', 'responder.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(port), stop: () => child.kill() };
}

async function openSockets(count: number, port: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect({ port, noDelay: true }));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return sockets;
}

/** The least that can be done: write, wait for the end of the reply, write again. */
const lockStep = (sockets: readonly Socket[]): Variant => ({
  name: 'raw',
  run: (count) =>
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
});

/** Callers who each ask again as soon as they are answered. */
const asking = (name: string, ask: () => Promise<unknown>): Variant => ({
  name,
  run: async (count) => {
    let left = count;
    const caller = async (): Promise<void> => {
      while (left-- > 0) await ask();
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
  },
});

const rate = (nanoseconds: number): number => 1e9 / nanoseconds;
const shown = (requests: number): string => Math.round(requests).toLocaleString('en');

/** One number of connections; nanoseconds a request, by variant. */
async function measure(size: number, port: number): Promise<Map<string, number>> {
  const sockets = await openSockets(size, port);
  const pool = new ConnectionPool(size, () => new ZcachedConnection({ port }));
  await pool.setup();
  const client = new ZcachedClient(pool);
  const variants = [
    lockStep(sockets),
    asking('use', () => pool.use((connection) => connection.send('GET', 'visits'))),
    asking('client', () => client.get('visits')),
  ];
  const times = await interleave(variants, COUNT, ROUNDS);
  await pool.dispose();
  for (const socket of sockets) socket.destroy();
  return times;
}

/** P11: the client through a pool, beside sockets in a loop, and how both grow with their number. */
export async function benchZcached(): Promise<boolean> {
  const { port, stop } = await startResponder();
  const met: boolean[] = [];
  try {
    for (const size of SIZES) {
      const times = await measure(size, port);
      const rateOf = (name: string): number => rate(times.get(name) as number);
      const connections = `${size} ${size === 1 ? 'connection' : 'connections'}`;
      inform(`${connections}: through use ${shown(rateOf('use'))} requests a second`);
      met.push(
        report({
          goal: `P11 zcached, ${connections}`,
          measured: `client ${shown(rateOf('client'))} requests a second`,
          baseline: `raw socket loop ${shown(rateOf('raw'))}`,
          figure: rateOf('client') / rateOf('raw'),
          unit: '×',
          limit: { atLeast: 0.85 },
        }),
        report({
          goal: `P11 against the original, ${connections}`,
          measured: `${shown(rateOf('client') / size)} requests a second a connection`,
          baseline: `the original client ${ORIGINAL_RATE}`,
          figure: rateOf('client') / size / ORIGINAL_RATE,
          unit: '×',
          limit: { atLeast: 1_000 },
        }),
      );
    }
  } finally {
    stop();
  }
  return met.every(Boolean);
}
