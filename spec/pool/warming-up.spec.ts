import { reconnectBroken } from 'rxpool';
import { KINDS, type TestConnection } from '../support/connections.js';
import { figures, names, openRig, type Rig, rig, watch } from '../support/pools.js';
import { settle } from '../support/virtual-clock.js';

interface WarmUp {
  readonly connection: TestConnection;
  readonly signal: AbortSignal;
  done(): void;
  fail(cause: unknown): void;
}

describe.each(KINDS)('warmup of $kind', ({ make }) => {
  /** A pool whose warmups the test settles. */
  function warmRig(size: number, options = {}): Rig & { warmUps: WarmUp[] } {
    const warmUps: WarmUp[] = [];
    const warmup = (connection: TestConnection, { signal }: { signal: AbortSignal }): Promise<void> =>
      new Promise((done, fail) => warmUps.push({ connection, signal, done, fail }));
    return Object.assign(rig(make, size, { warmup, ...options }), { warmUps });
  }

  const failures = ({ events }: Rig): unknown[] =>
    events.flatMap((event) => (event.type === 'connect-failed' ? [event.cause] : []));

  it('a connection is not in service until its warmup has settled', async () => {
    const { pool, made, warmUps, events } = warmRig(1);
    const setup = watch(pool.setup());
    const waiting = watch(pool.use(({ name }) => name));
    await settle();
    expect([made[0]?.state, setup.status, waiting.status]).toEqual(['connected', 'pending', 'pending']);
    expect(figures(pool.health)).toEqual({ poolSize: 1, total: 1, connecting: 1, waiting: 1 });
    expect(pool.health.status).toBe('starting');
    warmUps[0]?.done();
    await settle();
    expect([setup.status, waiting.value]).toEqual(['resolved', '#1']);
    expect(events.map(({ type }) => type)).toEqual(['joined', 'connecting', 'connected']);
    expect(warmUps[0]?.signal.aborted).toBe(false);
  });

  it('warmup runs at each dial: setup(), reconnect(), extending, renew() and connect() by the owner', async () => {
    const warmed: string[] = [];
    const test = await openRig(make, 2, { warmup: ({ name }) => warmed.push(name) });
    test.made[0]?.lose();
    await test.pool.reconnect();
    await test.pool.reconnect(false);
    await test.pool.extendPoolBySize(1);
    await test.pool.renew({ connections: test.made.slice(0, 1) });
    test.made[1]?.lose();
    await test.made[1]?.connect();
    await settle();
    expect(warmed.join(' ')).toBe('#1 #2 #1 #1 #2 #3 #4 #2');
    expect(test.pool.health.status).toBe('healthy');
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('cold'))],
    [
      'throws',
      () => {
        throw new Error('cold');
      },
    ],
  ])('a connection whose warmup %s is broken and closed, and connect-failed carries ERR_WARMUP', async (_, warmup) => {
    const test = rig(make, 1, { warmup });
    await test.pool.setup();
    await settle();
    expect(figures(test.pool.health)).toEqual({ poolSize: 1, total: 1, broken: 1 });
    expect(failures(test)).toEqual([expect.objectContaining({ code: 'ERR_WARMUP', cause: new Error('cold') })]);
    expect([test.made[0]?.state, test.clock.timers]).toEqual(['closed', 0]);
    expect(() => test.pool.getLeastLoadedConnection()).toThrow(
      expect.objectContaining({ code: 'ERR_POOL_NOT_CONNECTED', cause: failures(test)[0] }),
    );
    test.pool.reconfigure({ warmup: false });
    await expect(test.pool.reconnect()).resolves.toBe(1);
  });

  it('a warmup longer than connectTimeout fails the dial with ERR_WARMUP and has its signal aborted', async () => {
    const test = warmRig(1, { connectTimeout: 200 });
    const setup = watch(test.pool.setup());
    await test.clock.advance(199);
    expect(setup.status).toBe('pending');
    await test.clock.advance(1);
    expect([setup.status, test.made[0]?.state]).toEqual(['resolved', 'closed']);
    expect(failures(test)).toMatchObject([{ code: 'ERR_WARMUP', message: expect.stringContaining('200 ms') }]);
    expect(test.warmUps[0]?.signal.aborted).toBe(true);
    test.warmUps[0]?.done();
    await settle();
    expect([test.pool.health.broken, test.clock.timers]).toEqual([1, 0]);
  });

  it('a connection whose warmup failed is redialled by heal', async () => {
    let cold = true;
    const test = rig(make, 1, {
      warmup: () => (cold ? Promise.reject(new Error('cold')) : undefined),
    });
    test.pool.reconfigure({ heal: reconnectBroken({ backoff: () => 50, scheduler: test.clock.scheduler }) });
    await test.pool.setup();
    cold = false;
    await test.clock.advance(50);
    expect([test.made[0]?.dials, test.pool.health.status]).toEqual([2, 'healthy']);
    await test.pool.dispose();
    await settle();
    expect(test.clock.timers).toBe(0);
  });

  it('a connection lost during warmup fails its dial at once, without waiting for the warmup', async () => {
    const test = warmRig(1);
    const setup = watch(test.pool.setup());
    await settle();
    const lost = new Error('cable');
    test.made[0]?.lose(lost);
    await settle();
    expect([setup.status, test.clock.timers]).toEqual(['resolved', 0]);
    expect(test.warmUps[0]?.signal.aborted).toBe(true);
    expect(figures(test.pool.health)).toEqual({ poolSize: 1, total: 1, broken: 1 });
    expect(failures(test)).toMatchObject([{ code: 'ERR_WARMUP', cause: lost }]);
    const again = watch(test.pool.reconnect());
    await settle();
    expect(test.warmUps).toHaveLength(2);
    test.warmUps[0]?.done();
    await settle();
    expect([again.status, test.pool.health.connected]).toEqual(['pending', 0]);
    test.warmUps[1]?.done();
    await settle();
    expect(again.value).toBe(1);
  });

  it.each(['close', 'dispose'] as const)(
    '%s() during warmup closes the connections at once and aborts the warmup signals',
    async (end) => {
      const test = warmRig(2);
      const setup = watch(test.pool.setup());
      await settle();
      const closing = watch(test.pool[end]());
      await settle();
      expect([setup.status, closing.status, test.clock.timers]).toEqual(['resolved', 'resolved', 0]);
      expect(test.warmUps.map(({ signal }) => signal.aborted)).toEqual([true, true]);
      expect(test.made.map(({ state }) => state)).toEqual(['closed', 'closed']);
    },
  );

  it('a connection closed by its owner during warmup leaves the pool, and setup() resolves', async () => {
    const test = warmRig(1);
    const setup = watch(test.pool.setup());
    await settle();
    void test.made[0]?.close();
    await settle();
    expect([setup.status, test.pool.connections, test.clock.timers]).toEqual(['resolved', [], 0]);
  });

  it('a dial keeps its maxDials slot until its warmup has settled', async () => {
    const { pool, made, warmUps } = warmRig(2, { maxDials: 1 });
    void pool.setup();
    await settle();
    expect(made.map(({ dials }) => dials)).toEqual([1, 0]);
    warmUps[0]?.done();
    await settle();
    expect(made.map(({ dials }) => dials)).toEqual([1, 1]);
  });

  it('a connection queued by maxDials is warmed up at once when its owner dials it', async () => {
    const { pool, made, warmUps } = warmRig(2, { maxDials: 1 });
    void pool.setup();
    await settle();
    await made[1]?.connect();
    await settle();
    expect([names(pool.connectedConnections), warmUps.length]).toEqual(['', 2]);
    warmUps[1]?.done();
    await settle();
    expect([names(pool.connectedConnections), made[1]?.dials]).toEqual(['#2', 1]);
  });

  it('reconfigure({ warmup }) inside the connected event does not warm up that connection', async () => {
    const test = rig(make, 1);
    const late: string[] = [];
    test.pool.events$.subscribe(({ type }) => {
      if (type !== 'connected') return;
      test.pool.reconfigure({
        warmup: ({ name }) => {
          late.push(name);
          throw new Error('too late');
        },
      });
    });
    await test.pool.setup();
    await settle();
    expect([late, test.pool.health.connected]).toEqual([[], 1]);
  });
});
