import { defer, EMPTY, NEVER } from 'rxjs';
import { KINDS, SubjectConnection } from '../support/connections.js';
import { openRig } from '../support/pools.js';

describe.each(KINDS)('removeConnections() during the join, pool of $kind', ({ make }) => {
  it('a connection that rejoins and is removed again while joining is closed and unsubscribed', async () => {
    const { pool, made, clock } = await openRig(make, 1);
    const [connection] = made;
    void pool.use(() => new Promise(() => {}));
    pool.removeConnections(made);
    // The pool subscribes to capacity$ as the connection joins; that removes it again.
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
