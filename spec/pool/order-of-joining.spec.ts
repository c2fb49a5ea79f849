import * as fc from 'fast-check';
import { ConnectionPool } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { VirtualClock } from '../support/virtual-clock.js';

const step = fc.record({
  type: fc.constantFrom('join' as const, 'leave' as const, 'lose' as const, 'mend' as const, 'eject' as const),
  which: fc.nat(11),
});

describe.each(KINDS)('connections, connectedConnections and brokenConnections of a pool of $kind', ({ make }) => {
  it('are frozen arrays in order of joining after any joins, leaves, losses, redials and ejections', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { scheduler } = new VirtualClock();
        const pool = new ConnectionPool<TestConnection>(0, () => make(), { heal: false, scheduler });
        await pool.setup();
        const all = Array.from({ length: 12 }, (_, i) => make('accept', `${i}`));
        const joined: TestConnection[] = [];
        const ejected = new Set<TestConnection>();
        for (const { type, which } of steps) {
          const one = all[which]!;
          const isMember = joined.includes(one);
          if (type === 'join') await pool.extendPoolByConnections([one]);
          else if (type === 'leave') pool.removeConnections([one], { drainTimeout: 0 });
          else if (type === 'mend') await pool.reconnect();
          else if (isMember && type === 'lose') one.lose();
          else if (isMember && pool.ejectConnections([one], { duration: 1_000 }) > 0) ejected.add(one);
          if (type === 'join' && !isMember) joined.push(one);
          if (type === 'leave' && isMember) joined.splice(joined.indexOf(one), 1);
          for (const candidate of ejected) {
            if (candidate.state !== 'connected' || !joined.includes(candidate)) ejected.delete(candidate);
          }
          const { connections, connectedConnections, brokenConnections } = pool;
          expect(connections).toEqual(joined);
          expect(connectedConnections).toEqual(joined.filter((c) => c.state === 'connected' && !ejected.has(c)));
          expect(brokenConnections).toEqual(joined.filter(({ state }) => state === 'broken'));
          for (const list of [connections, connectedConnections, brokenConnections]) {
            expect(Object.isFrozen(list)).toBe(true);
          }
          expect(pool.connections).toBe(connections);
        }
        await pool.dispose();
      }),
      { numRuns: 60 },
    );
  });
});
