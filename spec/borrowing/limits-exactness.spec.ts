import * as fc from 'fast-check';
import { BehaviorSubject } from 'rxjs';
import type { Lease } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

const who = fc.nat(10);
const capacity = fc.oneof(fc.nat(5), fc.constant(Number.POSITIVE_INFINITY));

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('lease' as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('release' as const), who }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('send' as const, 'reply' as const), who }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('capacity' as const), who, capacity }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('maxPending' as const), limit: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('lose' as const, 'eject' as const), who }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('mend' as const) }) },
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A model of limits and loads of the members. */
class Model {
  maxPending = Number.POSITIVE_INFINITY;
  readonly capacities = new Map<TestConnection, BehaviorSubject<number>>();
  readonly leases: Lease<TestConnection>[] = [];

  load(connection: TestConnection): number {
    return Math.max(connection.pending, this.leases.filter((lease) => lease.connection === connection).length);
  }

  free(connected: readonly TestConnection[]): TestConnection[] {
    const room = connected.filter((connection) => {
      return this.load(connection) < Math.min(this.maxPending, this.capacities.get(connection)?.value ?? 0);
    });
    const least = Math.min(...room.map((connection) => this.load(connection)));
    return room.filter((connection) => this.load(connection) === least);
  }
}

describe.each(KINDS)('Picks within capacity$ and maxPending, over $kind', ({ make }) => {
  it('tryLease() and leastLoaded$ property: give a least loaded connection below its limit, or undefined', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(capacity, { minLength: 1, maxLength: 5 }),
        fc.array(step, { maxLength: 60 }),
        async (capacities, steps) => {
          const model = new Model();
          const { pool, made, clock } = await openRig((...script) => {
            const connection = make(...script);
            const capacity$ = new BehaviorSubject(capacities[model.capacities.size] ?? 1);
            model.capacities.set(connection, capacity$);
            return Object.assign(connection, { capacity$ });
          }, capacities.length);
          let shown: TestConnection | undefined;
          pool.leastLoaded$.subscribe((connection) => {
            shown = connection;
          });

          const take = async (one: Step): Promise<void> => {
            const target = made['who' in one ? one.who % made.length : 0] as TestConnection;
            if (one.type === 'lease') {
              const free = model.free(pool.connectedConnections);
              const lease = pool.tryLease();
              if (!lease) expect(free).toEqual([]);
              else {
                expect(free).toContain(lease.connection);
                model.leases.push(lease);
              }
            } else if (one.type === 'release') {
              model.leases.splice(one.who % Math.max(1, model.leases.length), 1)[0]?.release();
            } else if (one.type === 'send') target.state === 'connected' && target.send();
            else if (one.type === 'reply') target.pending > 0 && target.reply();
            else if (one.type === 'capacity') model.capacities.get(target)?.next(one.capacity);
            else if (one.type === 'maxPending') {
              model.maxPending = one.limit;
              pool.reconfigure({ maxPending: one.limit });
            } else if (one.type === 'lose') target.lose();
            else if (one.type === 'eject') pool.ejectConnections([target], { duration: 10 });
            else {
              await pool.reconnect();
              await clock.advance(10);
            }
          };

          for (const one of steps) {
            await take(one);
            await settle();
            const free = model.free(pool.connectedConnections);
            if (free.length > 0) expect(free).toContain(shown);
            else expect(shown).toBeUndefined();
            expect(pool.health.pending).toBe(made.reduce((sum, connection) => sum + model.load(connection), 0));
          }
          for (const lease of model.leases) lease.release();
          await pool.close({ drainTimeout: 0 });
          expect([pool.health.pending, clock.timers]).toEqual([0, 0]);
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);

  it('tryLease() with maxPending: 1: 10,000 leases are spread over five connections evenly within 20 %', async () => {
    const { pool, made } = await openRig(make, 5, { maxPending: 1 });
    const counts = new Map(made.map((connection) => [connection, 0]));
    const held: Lease<TestConnection>[] = [];
    for (let pick = 0; pick < 10_000; pick++) {
      if (held.length > pick % 4) held.shift()?.release();
      const lease = pool.tryLease() as Lease<TestConnection>;
      counts.set(lease.connection, (counts.get(lease.connection) ?? 0) + 1);
      held.push(lease);
      if (held.length === 5) held.shift()?.release();
    }
    for (const count of counts.values()) {
      expect(count).toBeGreaterThan(1_600);
      expect(count).toBeLessThan(2_400);
    }
  });
});
