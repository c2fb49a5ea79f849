import fc from 'fast-check';
import { BehaviorSubject } from 'rxjs';
import { cleanupBroken, type PolicyPool, recycle, refill } from 'rxpool';
import type { ScriptedConnection } from 'rxpool/testing';
import { EndpointRig } from '../support/endpoint-rig.js';
import { watchProcess } from '../support/invariants.js';
import { scaled } from '../support/scales.js';

const SERVERS = ['a', 'b', 'c', 'd', 'e'];

/** What happens to a pool: each is given a number that chooses among what there is. */
const ACTIONS: Readonly<Record<string, (world: World, n: number) => unknown>> = {
  'a connection is lost': ({ rig: { pool } }, n) => one(pool.connections, n)?.lose(),
  'a server stops': ({ rig }, n) => rig.stop(one(SERVERS, n) as string),
  'a server starts': ({ rig }, n) => rig.start(one(SERVERS, n) as string),
  'members are removed': ({ rig: { pool } }, n) => pool.removeConnections(pool.connections.slice(0, n % 3)),
  'those to one endpoint are removed': ({ rig }, n) => rig.pool.removeConnections(rig.to(one(SERVERS, n) as string)),
  'the pool is extended': ({ rig: { pool } }, n) => pool.extendPoolBySize(n % 4),
  'the pool is reduced': ({ rig: { pool } }, n) => pool.reducePoolConnections(n % 4, n % 2 === 0),
  'another size': ({ rig: { pool } }, n) => pool.reconfigure({ poolSize: n % 12 }),
  'another list': ({ lists }, n) => lists.next(SERVERS.filter((_, place) => ((n % 31) + 1) & (1 << place))),
  'the list in another order': ({ lists }) => lists.next([...lists.value].reverse()),
  'some are renewed': ({ rig: { pool } }, n) =>
    pool.renew({ connections: pool.connections.filter((_, place) => n & (1 << place)), maxUnavailable: n % 3 }),
  'all are dialled anew': ({ rig: { pool } }) => pool.reconnect(false),
  'the pool is set up': ({ rig: { pool } }) => pool.setup(),
  'the pool is closed and set up': async ({ rig: { pool } }) => {
    void pool.close();
    await pool.setup();
  },
  'work begins': ({ rig: { pool } }, n) => one(pool.connectedConnections, n)?.send(),
  'all work ends': ({ rig: { made } }) => {
    for (const connection of made) while (connection.pending > 0) connection.reply();
  },
};

const one = <T>(items: readonly T[], n: number): T | undefined => items[n % Math.max(1, items.length)];

/** Policies that add and remove members by themselves. */
const policiesOf = (rig: () => EndpointRig) => [
  (pool: PolicyPool<ScriptedConnection>) =>
    pool.health$.pipe(refill((count) => pool.extendPoolBySize(count), { scheduler: rig().clock.scheduler })),
  (pool: PolicyPool<ScriptedConnection>) =>
    pool.broken$.pipe(
      cleanupBroken((dead) => pool.removeConnections(dead), { after: 700, scheduler: rig().clock.scheduler }),
    ),
  (pool: PolicyPool<ScriptedConnection>) =>
    pool.connected$.pipe(
      recycle((due) => pool.renew({ connections: due }), { maxLifetime: 15_000, scheduler: rig().clock.scheduler }),
    ),
];

class World {
  readonly lists = new BehaviorSubject<readonly string[]>(['a', 'b', 'c']);
  readonly rig: EndpointRig;

  constructor(size: number, policies: number, maxSize: number) {
    this.rig = new EndpointRig(size, this.lists, {
      maxSize,
      policies: policiesOf(() => this.rig).filter((_, place) => policies & (1 << place)),
    });
  }
}

const step = fc.record({
  action: fc.constantFrom(...Object.keys(ACTIONS)),
  n: fc.nat(1_000),
  pause: fc.constantFrom(0, 0, 1, 400, 1_500, 6_000),
});

const TIMEOUT = 20_000 + 1_000 * scaled('endpointBalance');

describe('The balance of a pool over its endpoints', () => {
  const title = 'no endpoint has two members more than another, and none that has left the list has any';

  it(
    `after ${scaled('endpointBalance')} histories of changes ${title}`,
    async () => {
      const watched = watchProcess();
      const property = fc.asyncProperty(
        fc.nat(9),
        fc.nat(7),
        fc.constantFrom(12, Number.POSITIVE_INFINITY),
        fc.array(step, { maxLength: 25 }),
        async (size, policies, maxSize, steps) => {
          const world = new World(size, policies, maxSize);
          const { rig, lists } = world;
          await rig.pool.setup();
          for (const { action, n, pause } of steps) {
            try {
              // A size beyond maxSize is refused, and a renewal fails with its replacement.
              Promise.resolve(ACTIONS[action]?.(world, n)).catch(() => {});
            } catch (error) {
              expect(error).toBeInstanceOf(RangeError);
            }
            await rig.clock.advance(pause);
          }
          for (const endpoint of SERVERS) rig.start(endpoint);
          await rig.clock.advance(40_000);
          for (const connection of rig.made) while (connection.pending > 0) connection.reply();
          await rig.clock.advance(40_000);
          const { endpoints = [], total, connected, poolSize } = rig.pool.health;
          const totals = endpoints.map((each) => each.total);
          expect(endpoints.map(({ endpoint }) => endpoint)).toEqual(lists.value);
          expect(Math.max(...totals) - Math.min(...totals)).toBeLessThanOrEqual(1);
          expect(totals.reduce((sum, count) => sum + count, 0)).toBe(total);
          if (policies === 0 || policies === 1) expect(connected).toBe(total);
          if (policies & 1) expect(total).toBeGreaterThanOrEqual(poolSize);
          await rig.end();
          expect(rig.clock.timers).toBe(0);
        },
      );
      await fc.assert(property, { numRuns: scaled('endpointBalance') });
      watched.end();
      expect(watched.complaints).toEqual([]);
    },
    TIMEOUT,
  );
});
