import { ConnectionPool } from 'rxpool';
import { startZcachedServer, type ZcachedServer } from 'rxpool/testing/node';
import type { ZcachedCall, ZcachedCallOptions, ZcachedValue } from 'rxpool/zcached';
import { ZcachedClient, ZcachedConnection } from 'rxpool/zcached';
import { VirtualClock } from '../request/virtual-clock.js';
import { track } from '../support/cleanup.js';
import { until } from '../support/until.js';

/** A pool that lends when told to, in virtual time, and remembers what it was asked. */
function lender(reply: ZcachedValue = 'OK', generation?: '2024' | '2025') {
  const clock = new VirtualClock();
  const calls: ZcachedCall[] = [];
  const uses: object[] = [];
  let lend = (): void => {};
  const free = new Promise<void>((resolve) => {
    lend = resolve;
  });
  const request = async (call: ZcachedCall): Promise<ZcachedValue> => {
    calls.push(call);
    return reply;
  };
  const client = new ZcachedClient(
    {
      async use(work, options) {
        uses.push(options ?? {});
        await free;
        return work({ request, generation });
      },
    },
    { clock },
  );
  return { client, clock, calls, uses, lend };
}

describe('timeout of a ZcachedClient call', () => {
  it('client.set({ timeout }): the wait for a connection counts, and the request gets the rest of the timeout', async () => {
    const { client, clock, calls, uses, lend } = lender();
    const done = client.set('k', 1, { timeout: 100 });
    expect(uses).toEqual([{ signal: undefined, waitTimeout: 100 }]);
    clock.advance(30.5);
    lend();
    await done;
    expect(calls).toEqual([expect.objectContaining({ command: 'SET', args: ['k', 1], timeout: 70 })]);
  });

  it('client.set({ timeout }): rejects with sent: never when the timeout passes before a connection is free', async () => {
    const { client, clock, calls, lend } = lender();
    const done = client.set('k', 1, { timeout: 100 });
    clock.advance(100);
    lend();
    await expect(done).rejects.toMatchObject({ code: 'ERR_REQUEST_TIMEOUT', sent: 'never', timeout: 100 });
    expect(calls).toEqual([]);
  });

  it('client.set() without a timeout: passes no timeout and no signal to the pool or the request', async () => {
    const { client, calls, uses, lend } = lender();
    lend();
    await client.set('k', 1);
    await client.set('k', 1, {});
    expect(uses).toEqual([{}, {}]);
    for (const call of calls) expect([call.timeout, call.signal]).toEqual([undefined, undefined]);
  });
});

describe('options of ZcachedClient calls', () => {
  const commands: [string, ZcachedValue, (client: ZcachedClient, options?: ZcachedCallOptions) => unknown][] = [
    ['PING', 'PONG', (client, options) => client.ping(options)],
    ['PING', 'PONG', (client, options) => client.isAlive(options)],
    ['ECHO', 'hello', (client, options) => client.echo('hello', options)],
    ['GET', 1, (client, options) => client.get('k', options)],
    ['SET', 'OK', (client, options) => client.set('k', 1, options)],
    ['MGET', new Map(), (client, options) => client.mget(['k'], options)],
    ['MSET', 'OK', (client, options) => client.mset({ k: 1 }, options)],
    ['DELETE', 'OK', (client, options) => client.delete('k', options)],
    ['GET', 1, (client, options) => client.exists('k', options)],
    ['KEYS', [], (client, options) => client.keys(options)],
    ['DBSIZE', 0, (client, options) => client.dbsize(options)],
    ['FLUSH', 'OK', (client, options) => client.flush(options)],
    ['SAVE', 'OK', (client, options) => client.save(options)],
    ['LASTSAVE', 0, (client, options) => client.lastsave(options)],
    ['SIZEOF', 8, (client, options) => client.sizeof('k', options)],
    ['RENAME', 'OK', (client, options) => client.rename('k', 'l', options)],
    ['COPY', 'OK', (client, options) => client.copy('k', 'l', options)],
    ['GET', 1, (client, options) => client.command({ command: 'GET', args: ['k'], ...options })],
  ];

  it.each(commands)(
    'client call of %s: passes its signal and timeout to pool.use() and to the request',
    async (command, reply, act) => {
      const { client, calls, uses, lend } = lender(reply);
      const { signal } = new AbortController();
      lend();
      await act(client, { signal, timeout: 5 });
      expect(calls).toEqual([expect.objectContaining({ command, signal, timeout: 5 })]);
      expect(uses).toEqual([{ signal, waitTimeout: 5 }]);
    },
  );

  it.each(commands.filter(([command]) => command !== 'GET'))(
    'client call of %s without options: the request has only its command, args and strings',
    async (command, reply, act) => {
      const { client, calls, lend } = lender(reply);
      lend();
      await act(client);
      expect(calls).toEqual([{ command, args: expect.any(Array), strings: command === 'MGET' ? undefined : 'text' }]);
    },
  );

  it.each([
    ['a timeout that is a string', { timeout: '5' }, TypeError],
    ['a negative timeout', { timeout: -1 }, RangeError],
    ['an infinite timeout', { timeout: Number.POSITIVE_INFINITY }, RangeError],
    ['a signal that is a plain object', { signal: {} }, TypeError],
    ['options that are a number', 5, TypeError],
    ['options that are null', null, TypeError],
  ])('client calls reject, and take no connection, for %s', async (_, options, type) => {
    for (const [, reply, act] of commands.slice(0, -1)) {
      const { client, uses } = lender(reply);
      const rejection = expect(act(client, options as ZcachedCallOptions)).rejects;
      await rejection.toMatchObject({ constructor: type, message: expect.stringContaining('options') });
      expect(uses).toEqual([]);
    }
  });
});

it('client.exists(): sends SIZEOF to a 2025 server, MGET to a 2024 one and GET to an unknown one', async () => {
  for (const [generation, command, reply] of [
    ['2025', 'SIZEOF', 0],
    ['2024', 'MGET', new Map([['k', 0]])],
    [undefined, 'GET', 0],
  ] as const) {
    const { client, calls, lend } = lender(reply, generation);
    lend();
    expect(await client.exists('k')).toBe(true);
    expect(calls).toEqual([expect.objectContaining({ command, args: ['k'] })]);
  }
});

it('client.delete({ timeout }) on a 2024 server: MGET and DELETE share the timeout', async () => {
  const { client, clock, calls, lend } = lender(new Map([['k', 0]]), '2024');
  const done = client.delete('k', { timeout: 100 }).catch(({ code }) => code);
  clock.advance(30);
  lend();
  // The double has no reply to DELETE that fits.
  expect(await done).toBe('ERR_ZCACHED_REPLY');
  expect(calls.map(({ command, timeout }) => [command, timeout])).toEqual([
    ['MGET', 70],
    ['DELETE', 70],
  ]);
});

describe('signal of a ZcachedClient call', () => {
  let server: ZcachedServer;
  let pool: ConnectionPool<ZcachedConnection>;
  let client: ZcachedClient;
  let controller: AbortController;

  beforeEach(async () => {
    server = track(await startZcachedServer());
    pool = track(new ConnectionPool(1, () => new ZcachedConnection({ port: server.port }), { maxPending: 2 }));
    await pool.setup();
    client = new ZcachedClient(pool);
    controller = new AbortController();
  });

  afterEach(() => expect([pool.health.pending, pool.health.waiting]).toEqual([0, 0]));

  const aborted = (sent: string) => ({ code: 'ERR_REQUEST_ABORTED', request: 'SET', sent, cause: 'enough' });

  it('client.set({ signal }): rejects with sent: never and sends nothing when the signal is already aborted', async () => {
    const { requests } = server;
    controller.abort('enough');
    await expect(client.set('k', 1, { signal: controller.signal })).rejects.toMatchObject(aborted('never'));
    expect(server.requests).toBe(requests);
  });

  it('client.set({ signal }): an abort rejects calls in flight (sent: maybe), queued and waiting (sent: never)', async () => {
    server.pause();
    const { requests } = server;
    const calls = [1, 2, 3].map((value) =>
      client.set(`k${value}`, value, { signal: controller.signal }).catch((reason: unknown) => reason),
    );
    await until(() => server.requests === requests + 1 && pool.health.waiting === 1);
    controller.abort('enough');
    const errors = await Promise.all(calls);
    expect(errors).toMatchObject([aborted('maybe'), aborted('never'), aborted('never')]);
    server.resume();
    expect(await client.keys()).toEqual(['k1']);
    expect(server.requests).toBe(requests + 2);
  });

  it('client.set({ signal }): leaves no abort listener on a signal that is not aborted', async () => {
    const { signal } = controller;
    const listening = jest.spyOn(signal, 'addEventListener');
    const unlistening = jest.spyOn(signal, 'removeEventListener');
    for (let round = 0; round < 20; round++) await client.set('k', round, { signal, timeout: 1000 });
    expect(listening.mock.calls.length).toBeGreaterThan(0);
    expect(unlistening).toHaveBeenCalledTimes(listening.mock.calls.length);
  });

  it('client.set({ signal }) on a closed pool: rejects with ERR_POOL_CLOSED although the signal aborts', async () => {
    await pool.close();
    const failed = client.set('k', 1, { signal: controller.signal });
    controller.abort('enough');
    await expect(failed).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED', sent: 'never' });
  });

  it('client.set({ timeout }) without a signal: rejects with ERR_WAIT_TIMEOUT when no connection is free in time', async () => {
    server.pause();
    const busy = [client.ping(), client.ping()];
    await expect(client.set('k', 1, { timeout: 5 })).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT', sent: 'never' });
    server.resume();
    await Promise.all(busy);
    expect(await client.exists('k')).toBe(false);
  });

  it('client.set({ timeout }) without a signal: rejects with ERR_REQUEST_TIMEOUT when no reply comes in time', async () => {
    const { requests } = server;
    server.pause();
    const late = expect(client.set('k', 1, { timeout: 20 })).rejects.toMatchObject({
      code: 'ERR_REQUEST_TIMEOUT',
      sent: 'maybe',
    });
    await until(() => server.requests === requests + 1);
    await late;
    server.resume();
    expect(await client.get('k')).toBe(1);
  });
});
