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

/** A pool, and what is open on each connection by hand-kept books. */
class Books {
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
      // At this point the borrowing is open, and the books do not know it yet.
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

describe.each(KINDS)('Every pick of a pool of $kind', ({ make }) => {
  it('has the least load of all that are connected, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 100 }), async (size, steps) => {
        const books = new Books(make, size);
        await books.rig.pool.setup();
        for (const one of steps) {
          await books.take(one);
          if (books.rig.pool.isWorking()) books.expectLeast(books.rig.pool.getLeastLoadedConnection());
          const total = books.rig.pool.connections.reduce((sum, connection) => sum + books.loadOf(connection), 0);
          expect(books.rig.pool.health.pending).toBe(total);
        }
        for (const loan of books.loans) loan.finish();
        await books.rig.pool.dispose();
      }),
      { numRuns: 250 },
    );
  });
});
