import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('failFast, over $kind', ({ make }) => {
  it('failFast: waiting use() rejects with PoolNotConnectedError when the last unbroken member is removed', async () => {
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
