import { BehaviorSubject } from 'rxjs';
import type { Connection, ConnectionState } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

describe.each(KINDS)('a pool of $kind with maxSize: 2', ({ make }) => {
  const options = { maxSize: 2, drainTimeout: 1_000 };

  it('a member that is closed after its invalidation counts as open: another is dialled when either closing ends', async () => {
    const { pool, made, clock } = await openRig(make, 2, options);
    const [first, second] = made;
    for (const connection of made) connection.onClose = 'wait';
    pool.invalidateConnections(made.slice(0, 1));
    pool.removeConnections(made.slice(1));
    void pool.setup();
    await clock.advance(0);
    const third = made[2];
    expect([first?.dials, third?.dials]).toEqual([1, 0]);
    second?.closed();
    await settle();
    expect([first?.dials, third?.dials]).toEqual([1, 1]);
    first?.closed();
    await settle();
    expect([first?.dials, third?.dials]).toEqual([2, 1]);
    for (const connection of made) connection.onClose = 'settle';
    await pool.dispose();
  });

  it('a new member that waits for one that drains does not hold up the redial of a member', async () => {
    const { pool, made, clock } = await openRig(make, 2, options);
    const [first, second] = made;
    second?.send();
    pool.removeConnections(made.slice(1), { drainTimeout: 60_000 });
    void pool.setup();
    void pool.reconnect(false);
    await clock.advance(5_000);
    expect([first?.dials, second?.state, made[2]?.dials]).toEqual([2, 'connected', 0]);
    second?.reply();
    await settle();
    expect([second?.state, made[2]?.dials]).toEqual(['closed', 1]);
    await pool.dispose();
  });
});

it('close() resolves within closeTimeout where an invalidated member stays up with work while it is closed', async () => {
  const { pool, clock } = await openRig(KINDS[0]?.make as (typeof KINDS)[0]['make'], 0, { closeTimeout: 2_000 });
  const state$ = new BehaviorSubject<ConnectionState>('connected');
  const stuck: Connection = {
    state$,
    pending$: new BehaviorSubject(1),
    connect: () => Promise.resolve(),
    close: () => new Promise(() => {}),
  };
  await pool.extendPoolByConnections([stuck as TestConnection]);
  pool.invalidateConnections([stuck as TestConnection]);
  pool.reconfigure({ poolSize: 0 });
  const closing = watch(pool.close({ drainTimeout: 0 }));
  await clock.advance(2_000);
  expect([closing.status, clock.timers]).toEqual(['resolved', 0]);
});
