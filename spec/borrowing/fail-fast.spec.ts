import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('With failFast, callers of a pool of $kind', ({ make }) => {
  it('are refused when the last one leaves that was not broken', async () => {
    const { pool, made } = await openRig(make, 2, { failFast: true, maxPending: 1 });
    const [first, second] = made as [TestConnection, TestConnection];
    second.lose();
    first.send();
    const outcome = watch(pool.use(() => {}));
    pool.removeConnections([first]);
    await settle();
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_POOL_NOT_CONNECTED' } });
  });
});
