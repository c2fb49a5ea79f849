import * as fc from 'fast-check';
import { KINDS, type TestConnection } from '../support/connections.js';
import { type Rig, rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

type Step =
  | { readonly type: 'begin' | 'end' | 'borrow' | 'giveBack' | 'join' | 'leave' | 'break'; readonly who: number }
  | { readonly type: 'pick' | 'mend' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('begin' as const, 'end' as const), who: fc.nat(20) }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constantFrom('borrow' as const, 'giveBack' as const), who: fc.nat(20) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom('join' as const, 'leave' as const, 'break' as const),
      who: fc.nat(20),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('mend' as const) }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('pick' as const) }) },
);

interface Loan {
  readonly connection: TestConnection;
  finish(): void;
}

/** A pool, and a model of the load of each connection. */
class PoolAndModel {
  readonly loans: Loan[] = [];
  readonly rig: Rig;

  constructor(make: (typeof KINDS)[number]['make'], size: number) {
    this.rig = rig(make, size, { drainTimeout: 0 });
  }

  get connected(): readonly TestConnection[] {
    return this.rig.pool.connections.filter(({ state }) => state === 'connected');
  }

  loadOf(connection: TestConnection): number {
    return Math.max(connection.pending, this.loans.filter((loan) => loan.connection === connection).length);
  }

  expectLeast(chosen: TestConnection): void {
    const loads = this.connected.map((connection) => this.loadOf(connection));
    expect(this.connected).toContain(chosen);
    expect(this.loadOf(chosen)).toBe(Math.min(...loads));
  }

  async take(one: Step): Promise<void> {
    const { pool } = this.rig;
    const target = 'who' in one ? this.connected[one.who % Math.max(1, this.connected.length)] : undefined;
    if (one.type === 'mend') await pool.reconnect();
    else if (one.type === 'join') await pool.extendPoolBySize(1);
    else if (!target) {
      if (pool.isWorking()) this.expectLeast(pool.getLeastLoadedConnection());
    } else if (one.type === 'begin') target.send();
    else if (one.type === 'end' && target.pending > 0) target.reply();
    else if (one.type === 'borrow') this.borrow();
    else if (one.type === 'giveBack') await this.giveBack(one.who);
    else if (one.type === 'leave') await this.drop(target, () => pool.removeConnections([target]));
    else if (one.type === 'break') target.lose();
  }

  borrow(): void {
    const { loans } = this;
    const { pool } = this.rig;
    const foreseen = pool.connectedConnections.length;
    void pool.use((connection) => {
      // The lease is open here, and the model does not count it yet.
      this.expectLeast(connection);
      return new Promise<void>((finish) => loans.push({ connection, finish }));
    });
    expect(foreseen).toBeGreaterThan(0);
  }

  async giveBack(who: number): Promise<void> {
    const [loan] = this.loans.splice(who % Math.max(1, this.loans.length), 1);
    loan?.finish();
    await settle();
  }

  async drop(connection: TestConnection, leave: () => void): Promise<void> {
    leave();
    for (const loan of this.loans.filter((one) => one.connection === connection)) loan.finish();
    this.loans.splice(0, this.loans.length, ...this.loans.filter((one) => one.connection !== connection));
    await settle();
  }
}

describe.each(KINDS)('Least-loaded picks of a pool, over $kind', ({ make }) => {
  it('getLeastLoadedConnection() and use() property: give the least load; health.pending is the sum of loads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 100 }), async (size, steps) => {
        const checked = new PoolAndModel(make, size);
        await checked.rig.pool.setup();
        for (const one of steps) {
          await checked.take(one);
          if (checked.rig.pool.isWorking()) checked.expectLeast(checked.rig.pool.getLeastLoadedConnection());
          const total = checked.rig.pool.connections.reduce((sum, connection) => sum + checked.loadOf(connection), 0);
          expect(checked.rig.pool.health.pending).toBe(total);
        }
        for (const loan of checked.loans) loan.finish();
        await checked.rig.pool.dispose();
      }),
      { numRuns: 250 },
    );
  });
});
