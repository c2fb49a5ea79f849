import { concat, NEVER, of, throwError } from 'rxjs';
import { ConnectionClosedError, ConnectTimeoutError, type PoolEvent, reconnectBroken } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { openRig, type Rig, rig } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

const told = ({ events }: Rig): string[] =>
  events.splice(0).map((event) => {
    const { type } = event;
    const name = 'connection' in event ? event.connection.name : '';
    if (type === 'left') return `${name} left: ${event.reason}`;
    if (type === 'reconnect-scheduled') return `${name} ${type} ${event.attempt} in ${event.delay}`;
    return `${name} ${type}`;
  });

describe.each(KINDS)('events$ of a pool of $kind', ({ make }) => {
  it('events$ emits joins, dials, losses, draining and leaves with their reasons, in order', async () => {
    const test = rig(make, 2);
    await test.pool.setup();
    expect(told(test)).toEqual([
      '#1 joined',
      '#2 joined',
      '#1 connecting',
      '#2 connecting',
      '#1 connected',
      '#2 connected',
    ]);
    test.made[0]?.lose();
    expect(told(test)).toEqual(['#1 lost']);
    (test.made[0] as TestConnection).onDial = 'refuse';
    await test.pool.reconnect();
    expect(told(test)).toEqual(['#1 connecting', '#1 connect-failed']);
    test.pool.cleanupBrokenConnections();
    expect(told(test)).toEqual(['#1 left: cleanup']);
    await test.pool.setup();
    expect(told(test)).toEqual(['#3 joined', '#3 connecting', '#3 connected']);
    test.pool.reducePoolConnections(1);
    expect(told(test)).toEqual(['#3 left: reduced']);
    await test.pool.extendPoolBySize(2);
    told(test);
    test.pool.removeConnections([test.made[3] as TestConnection]);
    expect(told(test)).toEqual(['#4 left: removed']);
    await test.made[4]?.close();
    expect(told(test)).toEqual(['#5 left: closed-by-owner']);
    test.made[1]?.send();
    void test.pool.reconnect(false);
    expect(told(test)).toEqual(['#2 draining']);
    test.made[1]?.reply();
    await settle();
    expect(told(test)).toEqual(['#2 connecting', '#2 connected']);
    await test.pool.close();
    expect(told(test)).toEqual(['#2 left: pool-closed']);
  });

  it('events$ carries the cause of lost and connect-failed events, ConnectTimeoutError included', async () => {
    const test = await openRig(make, 1);
    const [connection] = test.made as [TestConnection];
    const cut = new Error('cable cut');
    connection.lose(cut);
    expect(test.events.at(-1)).toEqual({ type: 'lost', connection, cause: cut });
    connection.onDial = 'wait';
    const reconnecting = test.pool.reconnect();
    const refusal = new Error('no thanks');
    connection.refuse(refusal);
    await reconnecting;
    expect(test.events.at(-1)).toEqual({ type: 'connect-failed', connection, cause: refusal });
    void test.pool.reconnect();
    await test.clock.advance(5_000);
    expect(test.events.at(-1)).toEqual({ type: 'connect-failed', connection, cause: expect.any(ConnectTimeoutError) });
  });

  it('events$ replays nothing to a late subscriber', async () => {
    const { pool } = await openRig(make, 1);
    const late: PoolEvent<TestConnection>[] = [];
    pool.events$.subscribe((event) => late.push(event));
    expect(late).toEqual([]);
  });

  it('events$ has what heal schedules and abandons, and each redial once, as the dial that it is', async () => {
    const test = rig(make, 1);
    const heal = reconnectBroken<TestConnection>({ backoff: () => 100, scheduler: test.clock.scheduler });
    const healed = rig(make, 1, { heal, scheduler: test.clock.scheduler });
    await healed.pool.setup();
    told(healed);
    (healed.made[0] as TestConnection).onDial = 'refuse';
    healed.made[0]?.lose();
    await test.clock.advance(100);
    (healed.made[0] as TestConnection).onDial = 'accept';
    await test.clock.advance(100);
    expect(told(healed)).toEqual([
      '#1 lost',
      '#1 reconnect-scheduled 1 in 100',
      '#1 connecting',
      '#1 connect-failed',
      '#1 reconnect-scheduled 2 in 100',
      '#1 connecting',
      '#1 connected',
    ]);
    await healed.pool.dispose();
  });

  it('events$ emits heal-failed when heal errors or throws, and the pool keeps working', async () => {
    const mistake = new Error('a mistake in heal');
    for (const heal of [
      () => throwError(() => mistake),
      () => {
        throw mistake;
      },
      () =>
        concat(
          of(),
          throwError(() => mistake),
        ),
    ]) {
      const test = await openRig(make, 1, { heal });
      expect(test.events.find(({ type }) => type === 'heal-failed')).toEqual({ type: 'heal-failed', cause: mistake });
      expect(test.pool.isWorking()).toBe(true);
      await test.pool.dispose();
    }
  });

  it('events$ emits heal-failed with a TypeError when heal returns no observable', async () => {
    const test = await openRig(make, 1, { heal: (() => undefined) as never });
    expect(test.events.find(({ type }) => type === 'heal-failed')).toMatchObject({ cause: expect.any(TypeError) });
  });

  it('close() and dispose() unsubscribe from heal, and setup() subscribes to it again', async () => {
    let healing = 0;
    const test = await openRig(make, 1, {
      heal: () => {
        healing++;
        return new (NEVER.constructor as typeof import('rxjs').Observable)<never>(() => () => healing--);
      },
    });
    expect(healing).toBe(1);
    await test.pool.close();
    expect(healing).toBe(0);
    await test.pool.setup();
    expect(healing).toBe(1);
    await test.pool.dispose();
    expect(healing).toBe(0);
  });

  it('events$ emits close-failed with the cause when connection.close() rejects', async () => {
    const test = await openRig(make, 1);
    const [connection] = test.made as [TestConnection];
    connection.onClose = 'reject';
    test.pool.removeConnections(test.made);
    await settle();
    expect(test.events.at(-1)).toEqual({
      type: 'close-failed',
      connection,
      cause: new Error('close() rejected by the script'),
    });
  });

  it('events$ has close-failed with an Error as its cause when close() of a connection rejects without a reason', async () => {
    const test = await openRig(make, 1);
    const [connection] = test.made as [TestConnection];
    connection.close = () => Promise.reject();
    test.pool.removeConnections(test.made);
    await settle();
    expect(test.events.at(-1)).toMatchObject({ type: 'close-failed', connection, cause: expect.any(Error) });
  });

  it('connect() of a member that is removed while it dials rejects, without a connect-failed event', async () => {
    const test = rig(make, 1);
    test.script = 'wait';
    void test.pool.setup();
    const [connection] = test.made as [TestConnection];
    const failed = connection.connect().catch((cause: unknown) => cause);
    test.pool.removeConnections(test.made);
    const cause = await failed;
    expect(cause).toBeInstanceOf(Error);
    if ('opened' in connection) expect(cause).toBeInstanceOf(ConnectionClosedError);
    expect(told(test)).toEqual(['#1 joined', '#1 connecting', '#1 left: removed']);
  });
});
