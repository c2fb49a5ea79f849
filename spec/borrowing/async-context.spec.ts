import { AsyncLocalStorage } from 'node:async_hooks';
import { KINDS } from '../support/connections.js';
import { openRig, type Rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

/** Each way to free a connection runs in an async context of its own, which must not reach the waiting caller. */
describe.each(KINDS)('AsyncLocalStorage of waiting callers, over $kind', ({ make }) => {
  const storage = new AsyncLocalStorage<string>();

  const WAYS = [
    {
      how: 'a lease is released',
      occupy: ({ pool }: Rig) => storage.run('another', () => pool.lease()),
      free: (_: Rig, lease: unknown) =>
        storage.run('another', () => (lease as Awaited<ReturnType<Rig['pool']['lease']>>).release()),
    },
    {
      how: 'a reply comes in',
      occupy: ({ made }: Rig) => made[0]?.send(),
      free: ({ made }: Rig) => storage.run('another', () => made[0]?.reply()),
    },
    {
      how: 'an ejection ends',
      occupy: ({ pool, made }: Rig) => storage.run('another', () => pool.ejectConnections(made, { duration: 10 })),
      free: ({ clock }: Rig) => storage.run('another', () => clock.advance(10)),
    },
    {
      how: 'resume() is called',
      occupy: ({ pool }: Rig) => pool.suspend(),
      free: ({ pool }: Rig) => storage.run('another', () => pool.resume()),
    },
  ];

  it.each(WAYS)(
    'use(), withConnection() and lease() keep the async context of their caller when $how',
    async ({ occupy, free }) => {
      const test = await openRig(make, 1, { maxPending: 1 });
      const { pool } = test;
      const seen: Record<string, string | undefined> = {};
      const see = (what: string): void => {
        seen[what] = storage.getStore();
      };
      const held = await occupy(test);
      storage.run('first', () => void pool.use(() => see('use')).then(() => see('after use')));
      storage.run('second', () =>
        pool
          .withConnection(() => {
            see('withConnection');
            return [1];
          })
          .subscribe({ next: () => see('next'), complete: () => see('complete') }),
      );
      await storage.run('third', async () => {
        const lease = pool.lease();
        await free(test, held);
        const { release } = await lease.then((one) => ({ release: () => one.release() }));
        see('lease');
        release();
      });
      await settle();
      expect(seen).toEqual({
        use: 'first',
        'after use': 'first',
        withConnection: 'second',
        next: 'second',
        complete: 'second',
        lease: 'third',
      });
    },
  );

  it('use() and withConnection() reject in the async context of their caller, at waitTimeout and on close()', async () => {
    const { pool, clock } = await openRig(make, 1, { maxPending: 1 });
    pool.tryLease();
    const seen: unknown[] = [];
    const see = (): void => void seen.push(storage.getStore());
    storage.run('use', () => void pool.use(() => {}).catch(see));
    storage.run('stream', () => pool.withConnection(() => [1]).subscribe({ error: see }));
    storage.run('late', () => pool.withConnection(() => [1], { waitTimeout: 10 }).subscribe({ error: see }));
    await storage.run('another', () => clock.advance(10));
    storage.run('another', () => void pool.close({ drainTimeout: 0 }));
    await settle();
    expect(seen[0]).toBe('late');
    expect(new Set(seen.slice(1))).toEqual(new Set(['stream', 'use']));
  });
});
