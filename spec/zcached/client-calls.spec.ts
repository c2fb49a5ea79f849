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

describe('the time for a call', () => {
  it('includes waiting for a connection: the request has what is left', async () => {
    const { client, clock, calls, uses, lend } = lender();
    const done = client.set('k', 1, { timeout: 100 });
    expect(uses).toEqual([{ signal: undefined, waitTimeout: 100 }]);
    clock.advance(30.5);
    lend();
    await done;
    expect(calls).toEqual([expect.objectContaining({ command: 'SET', args: ['k', 1], timeout: 70 })]);
  });

  it('may be over when there is a connection: then nothing is sent', async () => {
    const { client, clock, calls, lend } = lender();
    const done = client.set('k', 1, { timeout: 100 });
    clock.advance(100);
    lend();
    await expect(done).rejects.toMatchObject({ code: 'ERR_REQUEST_TIMEOUT', sent: 'never', timeout: 100 });
    expect(calls).toEqual([]);
  });

  it('is that of the pool and of the connection where none is given', async () => {
    const { client, calls, uses, lend } = lender();
    lend();
    await client.set('k', 1);
    await client.set('k', 1, {});
    expect(uses).toEqual([{}, {}]);
    for (const call of calls) expect([call.timeout, call.signal]).toEqual([undefined, undefined]);
  });
});

describe('every command passes on', () => {
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

  it.each(commands)('what it was given: %s', async (command, reply, act) => {
    const { client, calls, uses, lend } = lender(reply);
    const { signal } = new AbortController();
    lend();
    await act(client, { signal, timeout: 5 });
    expect(calls).toEqual([expect.objectContaining({ command, signal, timeout: 5 })]);
    expect(uses).toEqual([{ signal, waitTimeout: 5 }]);
  });

  it.each(commands.filter(([command]) => command !== 'GET'))('nothing else: %s', async (command, reply, act) => {
    const { client, calls, lend } = lender(reply);
    lend();
    await act(client);
    expect(calls).toEqual([{ command, args: expect.any(Array), strings: command === 'MGET' ? undefined : 'text' }]);
  });

  it.each([
    ['a timeout that is none', { timeout: '5' }, TypeError],
    ['a negative timeout', { timeout: -1 }, RangeError],
    ['a timeout without end', { timeout: Number.POSITIVE_INFINITY }, RangeError],
    ['a signal that is none', { signal: {} }, TypeError],
    ['options that are none', 5, TypeError],
    ['options that are nothing', null, TypeError],
  ])('not %s', async (_, options, type) => {
    for (const [, reply, act] of commands.slice(0, -1)) {
      const { client, uses } = lender(reply);
      const rejection = expect(act(client, options as ZcachedCallOptions)).rejects;
      await rejection.toMatchObject({ constructor: type, message: expect.stringContaining('options') });
      expect(uses).toEqual([]);
    }
  });
});

it('exists asks for the size of a value, where the server is known to tell', async () => {
  for (const [generation, command] of [
    ['2025', 'SIZEOF'],
    ['2024', 'GET'],
    [undefined, 'GET'],
  ] as const) {
    const { client, calls, lend } = lender(0, generation);
    lend();
    expect(await client.exists('k')).toBe(true);
    expect(calls).toEqual([expect.objectContaining({ command, args: ['k'] })]);
  }
});

describe('a signal', () => {
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

  it('that has been aborted sends nothing', async () => {
    const { requests } = server;
    controller.abort('enough');
    await expect(client.set('k', 1, { signal: controller.signal })).rejects.toMatchObject(aborted('never'));
    expect(server.requests).toBe(requests);
  });

  it('aborts wherever the call is: on the wire, in the queue of a connection, in that of the pool', async () => {
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

  it('that is never aborted keeps nothing of the calls', async () => {
    const { signal } = controller;
    const listening = jest.spyOn(signal, 'addEventListener');
    const unlistening = jest.spyOn(signal, 'removeEventListener');
    for (let round = 0; round < 20; round++) await client.set('k', round, { signal, timeout: 1000 });
    expect(listening.mock.calls.length).toBeGreaterThan(0);
    expect(unlistening).toHaveBeenCalledTimes(listening.mock.calls.length);
  });

  it('that aborts does not take the place of a reason of another kind', async () => {
    await pool.close();
    const failed = client.set('k', 1, { signal: controller.signal });
    controller.abort('enough');
    await expect(failed).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED', sent: 'never' });
  });

  it('is not needed for a time limit: who waits too long for a connection is told so', async () => {
    server.pause();
    const busy = [client.ping(), client.ping()];
    await expect(client.set('k', 1, { timeout: 5 })).rejects.toMatchObject({ code: 'ERR_WAIT_TIMEOUT', sent: 'never' });
    server.resume();
    await Promise.all(busy);
    expect(await client.exists('k')).toBe(false);
  });

  it('is not needed for a time limit: who waits too long for a reply is told so', async () => {
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
