import { BehaviorSubject } from 'rxjs';
import { BaseConnection, ConnectionPool, type ConnectionState } from 'rxpool';
import type { Finding, Medians, Race, Variant } from './measure.js';

const COUNT = 20_000;
const ROUNDS = 5;

/** What the connections share: a transport's own bytes are not the library's. */
const TRANSPORT = {};

/** The least of the library's own kind. */
class Plain extends BaseConnection<object> {
  protected override open(): Promise<object> {
    return Promise.resolve(TRANSPORT);
  }
  protected override shut(): void {}
}

/** Lets go of what finished promises keep. */
async function heapUsed(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise(setImmediate);
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed;
}

/** Bytes of the heap that one more of something keeps. */
const bytesEach = (name: string, make: () => Promise<unknown>, unmake: (made: never) => unknown): Variant => ({
  name,
  sample: async () => {
    const before = await heapUsed();
    const made = await make();
    const bytes = ((await heapUsed()) - before) / COUNT;
    await unmake(made as never);
    return bytes;
  },
});

async function openPool(): Promise<ConnectionPool<Plain>> {
  const pool = new ConnectionPool(COUNT, () => new Plain());
  await pool.setup();
  return pool;
}

const pool = bytesEach('pool', openPool, (made: ConnectionPool<Plain>) => made.dispose());
const connections = bytesEach(
  'connections',
  async () => Array.from({ length: COUNT }, () => new Plain()),
  () => {},
);
const subjects = bytesEach(
  'subjects',
  async () => {
    const seen = { state: 0, pending: 0 };
    return Array.from({ length: COUNT }, () => {
      const state$ = new BehaviorSubject<ConnectionState>('idle');
      const pending$ = new BehaviorSubject(0);
      const subscriptions = [
        state$.subscribe(() => void seen.state++),
        pending$.subscribe((pending) => (seen.pending = pending)),
      ];
      return { state$, pending$, subscriptions };
    });
  },
  () => {},
);

/** P10: what a connection keeps of the heap in a real pool. */
export async function* benchMemory(): AsyncGenerator<Race, Finding[], Medians> {
  const bytes = yield { variants: [pool, connections, subjects], rounds: ROUNDS };
  const shown = (name: string): string => `${Math.round(bytes(name)).toLocaleString('en')} bytes`;
  return [
    {
      goal: 'P10',
      about: `a connection of the library's own kind in a pool of ${COUNT.toLocaleString('en')}, no subscriber`,
      measured: `${shown('pool')}, of which the connection outside of a pool is ${shown('connections')}`,
      baseline: `two BehaviorSubjects and their subscriptions ${shown('subjects')}`,
      figure: bytes('pool'),
      unit: ' bytes',
      limit: { atMost: 250 },
    },
  ];
}
