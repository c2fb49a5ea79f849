import type { ConnectionPoolOptions } from 'rxpool';
import { OwnConnection, type TestConnection } from '../support/connections.js';
import { jobs } from '../support/jobs.js';
import { openRig, type Rig } from '../support/pools.js';
import { fussy } from '../support/strategies.js';

const messageOf = (call: () => unknown): Promise<string> =>
  Promise.resolve()
    .then(call)
    .then(
      () => 'nothing was thrown',
      ({ message }: Error) => message,
    );

describe('the message of an error of a pool with the name orders', () => {
  const open = (options: ConnectionPoolOptions<TestConnection> = {}): Promise<Rig> =>
    openRig(() => new OwnConnection(), 2, { name: 'orders', maxPending: 1, waitTimeout: 100, ...options });

  it('use() at waitTimeout, each connection in use: names the pool and says that they are at their limit', async () => {
    const { pool, clock } = await open();
    const [first, second] = jobs(pool, 2);
    const waiting = messageOf(() => pool.use(() => {}));
    await clock.advance(100);
    expect(await waiting).toBe(
      'No connection of the pool orders was free within 100 ms: 2 of 2 connections are connected, and those are at their limit with 2 requests pending',
    );
    first?.finish();
    second?.finish();
  });

  it('use() at waitTimeout, none connected: says how many are dialled, broken and ejected', async () => {
    const { pool, made, clock } = await open();
    made[0]?.lose();
    pool.ejectConnections([made[1] as TestConnection], { duration: 1_000 });
    const waiting = messageOf(() => pool.use(() => {}));
    await clock.advance(100);
    expect(await waiting).toBe(
      'No connection of the pool orders was free within 100 ms: 0 of 2 connections are connected, 1 broken, 1 ejected',
    );
  });

  it('use() at waitTimeout, the strategy chooses none of the free connections: says that it was the strategy', async () => {
    const { pool, clock } = await open({ select: fussy(() => false) });
    const waiting = messageOf(() => pool.use(() => {}));
    const both = messageOf(() => pool.use(() => {}, { timeout: 50 }));
    await clock.advance(100);
    const why = '2 of 2 connections are connected, and the strategy chose none of the 2 that can take work';
    expect(await waiting).toBe(`No connection of the pool orders was free within 100 ms: ${why}`);
    expect(await both).toBe(`The work had to wait for a connection of the pool orders for all its 50 ms: ${why}`);
  });

  it.each<[call: string, message: string, call: (rig: Rig) => unknown]>([
    [
      'getLeastLoadedConnection() at the limit',
      'Every connected connection of the pool orders is at its limit',
      ({ pool }) => {
        jobs(pool, 2);
        return pool.getLeastLoadedConnection();
      },
    ],
    [
      'getLeastLoadedConnection() of a suspended pool',
      'The pool orders is suspended',
      ({ pool }) => {
        pool.suspend();
        return pool.getLeastLoadedConnection();
      },
    ],
    [
      'use() of a closed pool',
      'The pool orders is closed',
      ({ pool }) => {
        void pool.close();
        return pool.use(() => {});
      },
    ],
    [
      'ready() at its timeout',
      'Fewer than 3 connections of the pool orders were connected within 10 ms: 2 of 2',
      ({ pool, clock }) => {
        const ready = pool.ready({ min: 3, timeout: 10 });
        void clock.advance(10);
        return ready;
      },
    ],
  ])('%s: %s', async (_, message, call) => {
    const rig = await open();
    expect(await messageOf(() => call(rig))).toBe(message);
  });
});
