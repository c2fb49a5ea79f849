import fc from 'fast-check';
import { type ConnectionPool, type Lease, recycle, refill } from 'rxpool';
import { KINDS, OwnConnection, type TestConnection } from '../support/connections.js';
import { openRig, rig } from '../support/pools.js';
import { settle, type VirtualClock } from '../support/virtual-clock.js';

/** What a step does; `value` is a number from 0 to 9. */
type Step = readonly [action: string, value: number];

const ACTIONS = ['extend', 'remove', 'renew', 'reconfigure', 'lease', 'release', 'lose', 'invalidate', 'close', 'wait'];

describe('maxSize', () => {
  it('no dial starts while maxSize connections are open, in any order of calls, with leases held and closings slow', async () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(...ACTIONS), fc.integer({ min: 0, max: 9 })), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, async (run: readonly Step[]) => {
        let maxSize = 3;
        const closing = new Set<TestConnection>();
        const isOpen = (connection: TestConnection): boolean =>
          closing.has(connection) || ['connecting', 'connected', 'draining'].includes(connection.state);
        const exceeded: string[] = [];

        class Counted extends OwnConnection {
          override connect(): Promise<void> {
            const open = test.made.filter((other) => other !== this && isOpen(other)).length;
            if (!isOpen(this) && open >= maxSize) exceeded.push(`${this.name}: ${open} open of ${maxSize}`);
            return super.connect();
          }

          override close(): Promise<void> {
            if (this.state === 'connected' || this.state === 'connecting') closing.add(this);
            return super.close();
          }

          override closed(): void {
            closing.delete(this);
            super.closed();
          }
        }

        const test = rig((onDial, name) => new Counted({ onDial, name }), 2, { maxSize, drainTimeout: 50 });
        const { pool, made, clock } = test;
        const leases: Lease<TestConnection>[] = [];
        let renewals = 0;
        const nth = (value: number): TestConnection[] => {
          const { connections } = pool;
          return connections.length === 0 ? [] : [connections[value % connections.length] as TestConnection];
        };
        const ignore = (): void => {};
        const actions: Record<string, (value: number) => unknown> = {
          extend: (value) => pool.extendPoolBySize(value % 4).catch(ignore),
          remove: (value) => pool.removeConnections(nth(value), { drainTimeout: 10 * value }),
          renew: (value) => {
            renewals++;
            const over = (): number => renewals--;
            pool.renew({ maxUnavailable: value % 3, drainTimeout: 20 }).then(over, over);
          },
          reconfigure: (value) => {
            maxSize = 1 + (value % 4);
            pool.reconfigure({ maxSize, poolSize: Math.min(maxSize, 2) });
          },
          lease: () => {
            const lease = pool.tryLease();
            if (lease) leases.push(lease);
          },
          release: () => leases.pop()?.release(),
          lose: (value) =>
            nth(value)
              .find(({ state }) => state === 'connected')
              ?.lose(),
          invalidate: (value) => pool.invalidateConnections(nth(value)),
          close: (value) => made[value % Math.max(1, made.length)]?.closed(),
          wait: (value) => clock.advance(10 * value),
        };
        await pool.setup();
        for (const [action, value] of run) {
          for (const connection of made) connection.onClose = 'wait';
          void actions[action]?.(value);
          if (action === 'wait') await clock.advance(10 * value);
          await settle();
          void pool.reconnect().catch(ignore);
          await settle();
          // The replacement in a renewal is a member beside those that count towards the size.
          const most = Math.max(maxSize, pool.poolSize) + (renewals > 0 ? 1 : 0);
          if (pool.connections.length > most) exceeded.push('members');
        }
        expect(exceeded).toEqual([]);
        for (const connection of made) connection.closed();
        for (const connection of made) connection.onClose = 'settle';
        for (const lease of leases) lease.release();
        const disposed = pool.dispose();
        await clock.advance(10_000);
        await disposed;
      }),
      {
        numRuns: 100,
        // A renewal is under way when the pool is extended.
        examples: [
          [
            [
              ['extend', 1],
              ['remove', 0],
              ['renew', 0],
              ['extend', 1],
            ],
          ],
        ],
      },
    );
  });

  it.each<[string, (pool: ConnectionPool<TestConnection>, clock: VirtualClock) => Promise<void>]>([
    [
      'recycle() and refill() replace them',
      async (pool, { scheduler }) => {
        const renewing = recycle<TestConnection>((due) => pool.removeConnections(due, { drainTimeout: 10_000 }), {
          maxLifetime: 100,
          scheduler,
        });
        pool.connected$.pipe(renewing).subscribe();
        pool.health$.pipe(refill((count) => pool.extendPoolBySize(count), { scheduler })).subscribe();
      },
    ],
    [
      'reconfigure() sets poolSize from 4 to 1 and to 4',
      async (pool, clock) => {
        for (let i = 0; i < 10; i++) {
          pool.reconfigure({ poolSize: i % 2 === 0 ? 1 : 4 });
          await clock.advance(30);
        }
      },
    ],
  ])('no more than maxSize connections are open when leases outlive their members, as %s', async (_, change) => {
    const { pool, made, clock } = await openRig(KINDS[1]!.make, 4, { maxSize: 4, maxPending: 1, waitTimeout: 200 });
    let most = 0;
    const count = (): void => {
      most = Math.max(most, made.filter(({ state }) => state === 'connected' || state === 'connecting').length);
    };
    const watching = pool.events$.subscribe(count);
    const leases: Lease<TestConnection>[] = [];
    for (let i = 0; i < 4; i++) leases.push(await pool.lease());
    await change(pool, clock);
    for (let i = 0; i < 40; i++) {
      await clock.advance(50);
      count();
      if (i % 5 === 0) leases.shift()?.release();
      const lease = pool.tryLease();
      if (lease) leases.push(lease);
    }
    expect(most).toBe(4);
    for (const lease of leases) lease.release();
    await clock.advance(1_000);
    expect(pool.health.connected).toBe(4);
    watching.unsubscribe();
    void pool.dispose();
    await clock.advance(20_000);
    expect(made.filter(({ state }) => state !== 'closed')).toEqual([]);
  });
});
