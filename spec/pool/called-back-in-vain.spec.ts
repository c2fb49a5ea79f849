import { defer, EMPTY, NEVER } from 'rxjs';
import { KINDS, SubjectConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';

describe.each(KINDS)('One of $kind that is called back, and removed on joining', ({ make }) => {
  it('is closed in the end, and let go of', async () => {
    const { pool, made, clock } = await openRig(make, 1);
    const [connection] = made;
    void pool.use(() => new Promise(() => {}));
    pool.removeConnections(made);
    // Being subscribed to, it has itself removed again.
    const capacity$ = defer(() => {
      pool.removeConnections(made);
      return NEVER;
    });
    await pool.extendPoolByConnections([Object.assign(connection!, { capacity$ })]);
    expect(pool.connections).toEqual([]);
    await clock.advance(1_000);
    expect(connection?.state).toBe('closed');
    expect(clock.timers).toBe(0);
    if (connection instanceof SubjectConnection) expect(connection.observed).toBe(false);
    Object.assign(connection!, { capacity$: EMPTY });
    await pool.dispose();
  });
});
