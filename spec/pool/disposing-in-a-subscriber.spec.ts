import type { Observable } from 'rxjs';
import { KINDS } from '../support/connections.js';
import { openRig } from '../support/pools.js';

const LISTS = ['connections$', 'connected$', 'broken$', 'snapshot$'] as const;

describe.each(KINDS)('dispose() of a pool of $kind in a subscriber', ({ make }) => {
  it.each([...LISTS, 'health$', 'pending$', 'leastLoaded$'] as const)(
    'dispose() when %s emits shows empty lists before the streams complete',
    async (trigger) => {
      const { pool, made } = await openRig(make, 2);
      const last: Record<string, unknown> = {};
      const completed: string[] = [];
      for (const name of LISTS) {
        (pool[name] as Observable<unknown>).subscribe({
          next: (value) => {
            last[name] = value;
          },
          complete: () => completed.push(name),
        });
      }
      let isSubscribing = true;
      (pool[trigger] as Observable<unknown>).subscribe(() => {
        if (!isSubscribing) void pool.dispose();
      });
      isSubscribing = false;
      if (trigger === 'pending$') for (const connection of made) connection.send();
      pool.removeConnections(made.slice(0, 1));
      made[1]?.lose();
      expect(completed.sort()).toEqual([...LISTS].sort());
      const snapshot$ = { connections: [], connected: [], broken: [] };
      expect(last).toEqual({ connections$: [], connected$: [], broken$: [], snapshot$ });
    },
  );
});
