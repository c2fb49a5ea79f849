import { KINDS } from '../support/connections.js';
import { openRig } from '../support/pools.js';

describe.each(KINDS)('snapshot$ of a pool of $kind', ({ make }) => {
  it('a change made by a subscriber of connected$ is in snapshot$ no sooner than in the lists', async () => {
    const { pool, made } = await openRig(make, 3);
    pool.connected$.subscribe(({ length }) => {
      if (length === 2) made[1]?.lose();
    });
    const lengths = { connected: 0, broken: 0 };
    pool.connected$.subscribe(({ length }) => {
      lengths.connected = length;
    });
    pool.broken$.subscribe(({ length }) => {
      lengths.broken = length;
    });
    const seen: unknown[] = [];
    pool.snapshot$.subscribe(({ connected, broken }) => {
      seen.push([connected.length, broken.length, lengths.connected, lengths.broken]);
    });
    made[0]?.lose();
    expect(seen).toEqual([
      [3, 0, 3, 0],
      [2, 1, 2, 1],
      [1, 2, 1, 2],
    ]);
    await pool.dispose();
  });

  it('a first subscriber of snapshot$ that comes while a list is shown sees no connection in neither list', async () => {
    const { pool, made } = await openRig(make, 2);
    const seen: unknown[] = [];
    let isSubscribing = true;
    pool.connected$.subscribe(() => {
      if (isSubscribing) return;
      pool.snapshot$.subscribe(({ connected, broken }) => seen.push([connected.length, broken.length]));
    });
    isSubscribing = false;
    made[0]?.lose();
    expect(seen).toEqual([[1, 1]]);
    await pool.dispose();
  });
});
