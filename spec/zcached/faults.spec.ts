import { exponentialBackoff, type PoolEvent, reconnectBroken } from 'rxpool';
import type { ZcachedConnection } from 'rxpool/zcached';
import { earliest } from '../support/earliest.js';
import { turns, until } from '../support/until.js';
import { failure } from './ends.js';
import { FaultRig, IN_ORDER, type RigOptions } from './fault-rig.js';

let rig: FaultRig | undefined;
async function open(options?: RigOptions): Promise<FaultRig> {
  rig = await FaultRig.open(options);
  return rig;
}

// Whatever a test was about: nothing is left pending, no socket and no timer, nobody has complained.
afterEach(async () => {
  const told = await rig?.close();
  rig = undefined;
  expect(told).toEqual(IN_ORDER);
});

const LOST = { code: 'ERR_CONNECTION_LOST' };

/** Two requests on the first connection, of which only one goes out, and one on each of the others. */
async function inFlight({ pool, server, ask }: FaultRig) {
  const { requests } = server;
  const [first, ...others] = pool.connections as [ZcachedConnection, ...ZcachedConnection[]];
  server.pause();
  const asked = ['out', 'queued'].map((nonce) => ask.call(rig, nonce, first).catch(failure));
  const elsewhere = others.map((connection, index) => ask.call(rig, `elsewhere ${index}`, connection));
  await until(() => server.requests === requests + pool.poolSize);
  return { first, asked, elsewhere };
}

describe('a request in flight fails with sent maybe, a queued one with never; none is sent twice, other connections go on', () => {
  const cuts: [string, (rig: FaultRig) => void][] = [
    ['a reset', ({ proxy }) => proxy.links[0]!.reset()],
    ['a FIN', ({ proxy }) => proxy.links[0]!.toClient.end()],
    ['a reset by the server', ({ server }) => server.cutConnections(1)],
  ];
  it.each(cuts)(
    '%s: requests in flight fail with sent "maybe", queued ones with "never", none is sent twice',
    async (_, cut) => {
      const rig = await open();
      const { first, asked, elsewhere } = await inFlight(rig);
      cut(rig);
      expect(await Promise.all(asked)).toEqual([
        { ...LOST, sent: 'maybe' },
        { ...LOST, sent: 'never' },
      ]);
      expect(first.pending).toBe(0);
      rig.server.resume();
      expect(await Promise.all(elsewhere)).toEqual(['elsewhere 0', 'elsewhere 1', 'elsewhere 2']);
      await rig.whole();
      expect([rig.seen.get('out'), rig.seen.get('queued')]).toEqual([1, undefined]);
    },
  );

  it('a reset in the middle of a reply fails that request with sent "maybe" and delivers no part of it', async () => {
    let dripped = 0;
    const rig = await open({ proxy: { toClient: { cut: () => Number(++dripped > 0) } } });
    const [connection] = rig.pool.connections;
    const asked = rig.ask('x'.repeat(1000), connection).catch(failure);
    const before = dripped;
    // The reply is there, and about to drip for a thousand turns.
    await until(() => dripped > before);
    await turns(100);
    rig.proxy.links[0]!.reset();
    expect(await asked).toEqual({ ...LOST, sent: 'maybe' });
    await rig.whole();
  });

  it('a FIN right behind a reply: the reply is delivered first', async () => {
    const rig = await open({ size: 1 });
    const { asked } = await inFlight(rig);
    const [link] = rig.proxy.links;
    link!.toClient.hold();
    rig.server.resume();
    // The reply and the end wait together, and so arrive together.
    await turns(2);
    link!.toClient.end();
    link!.toClient.resume();
    expect(await asked[0]).toBe('out');
    expect(await asked[1]).toMatchObject(LOST);
    await rig.whole();
  });
});

describe('a silent peer', () => {
  it('a silent peer: its request fails at the deadline, then the connection is closed and replaced', async () => {
    const rig = await open({ connection: { requestTimeout: 100 } });
    const [connection] = rig.pool.connections;
    rig.proxy.links[0]!.toClient.swallow();
    const started = performance.now();
    const asked = rig.ask('unheard', connection).catch(failure);
    expect(await asked).toEqual({ code: 'ERR_REQUEST_TIMEOUT', sent: 'maybe' });
    expect(performance.now() - started).toBeGreaterThanOrEqual(earliest(100));
    await until(() => rig.lost.includes(connection!));
    expect(performance.now() - started).toBeGreaterThanOrEqual(2 * earliest(100));
    await rig.whole();
    expect(rig.seen.get('unheard')).toBe(1);
  });

  it('a server that silences a connection when another one goes: a request on it times out, and it is replaced', async () => {
    const rig = await open({ size: 5, connection: { requestTimeout: 50, connectTimeout: 500 } });
    rig.server.flaws.silencesNeighbour = true;
    // Of the four workers, the one that has the first has the newest.
    const [first, second, third, , newest] = rig.pool.connections;
    // Not by its owner: that would be taken for leaving the pool.
    rig.proxy.links[0]!.reset();
    await until(() => rig.lost.includes(first!) && rig.isWhole);
    rig.server.flaws.silencesNeighbour = false;
    expect(await rig.ask('unheard', newest).catch(failure)).toEqual({ code: 'ERR_REQUEST_TIMEOUT', sent: 'maybe' });
    expect(await Promise.all([second, third].map((connection) => rig.ask('heard', connection)))).toEqual([
      'heard',
      'heard',
    ]);
    await until(() => rig.lost.includes(newest!));
    await rig.whole();
  });
});

it('a reply after the timeout is not delivered, and the connection stays connected', async () => {
  const rig = await open({ size: 1 });
  const [connection] = rig.pool.connections;
  const [link] = rig.proxy.links;
  for (let index = 0; index < 10; index++) {
    link!.toClient.hold();
    const late = connection!.request({ command: 'ECHO', args: [`late ${index}`], timeout: 50 }).catch(failure);
    const next = rig.ask(`next ${index}`, connection);
    expect(await late).toEqual({ code: 'ERR_REQUEST_TIMEOUT', sent: 'maybe' });
    link!.toClient.resume();
    expect(await next).toBe(`next ${index}`);
  }
  expect([connection!.state, rig.proxy.links]).toEqual(['connected', [link]]);
});

describe('replies that come in pieces are the same replies', () => {
  const VALUE = {
    text: 'żółw \u{1F422}',
    list: [1, 2n ** 60n, 0.5, true, null, ['']],
    deep: { deeper: { deepest: 'x' } },
  };
  const value = { ...VALUE, list: VALUE.list.slice(0, 5) };

  it('requests and replies that arrive byte by byte are decoded alike', async () => {
    const rig = await open({ size: 2, proxy: { toServer: { cut: 1 }, toClient: { cut: 1 } } });
    await rig.pool.use((connection) => connection.send('SET', 'k', value));
    const whole = await rig.pool.use((connection) => connection.send('GET', 'k'));
    expect(whole).toEqual(
      new Map<string, unknown>([
        ['text', value.text],
        ['list', value.list],
        ['deep', new Map([['deeper', new Map([['deepest', 'x']])]])],
      ]),
    );
  });

  it.each(['2024', '2025'] as const)(
    'a reply of a %s server that is split in two at any byte is decoded alike',
    async (generation) => {
      let at = 1;
      let length = 0;
      const cut = (available: number): number => {
        length = Math.max(length, available);
        return available === length ? at : available;
      };
      const rig = await open({ size: 1, server: { generation }, proxy: { toClient: { cut } } });
      const [connection] = rig.pool.connections;
      const { list, ...maps } = value;
      await connection!.send('SET', 'k', { ...maps, list: generation === '2024' ? { ...list } : list });
      const whole = await connection!.send('GET', 'k');
      for (; at < length; at++) expect(await connection!.send('GET', 'k')).toEqual(whole);
      expect(at).toBeGreaterThan(100);
    },
  );
});

describe('a server that accepts and hangs up', () => {
  it('a server that accepts and closes: no connection becomes connected, and backoff grows until it serves', async () => {
    const heal = reconnectBroken<ZcachedConnection>({
      backoff: exponentialBackoff({ initial: 1, max: 10_000, random: () => 1 }),
    });
    const rig = await open({ size: 1, pool: { heal } });
    const events: PoolEvent<ZcachedConnection>[] = [];
    rig.pool.events$.subscribe((event) => events.push(event));
    rig.server.flaws.hangsUpOnAccept = true;
    rig.server.cutConnections();
    const delays = () => events.flatMap((event) => (event.type === 'reconnect-scheduled' ? [event.delay] : []));
    await until(() => delays().length === 7);
    expect(events.filter(({ type }) => type === 'connected')).toEqual([]);
    rig.server.flaws.hangsUpOnAccept = false;
    await rig.whole();
    expect(delays().slice(0, 7)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  });

  it('a server that closes after the PING: backoff grows all the same', async () => {
    const heal = reconnectBroken<ZcachedConnection>({
      backoff: exponentialBackoff({ initial: 1, max: 10_000, random: () => 1 }),
    });
    const rig = await open({ size: 1, pool: { heal } });
    const delays: number[] = [];
    rig.pool.events$.subscribe((event) => {
      if (event.type === 'reconnect-scheduled') delays.push(event.delay);
      if (event.type === 'connected' && delays.length < 6) rig.server.cutConnections();
    });
    rig.server.cutConnections();
    await until(() => delays.length === 6);
    await rig.whole();
    expect(delays).toEqual([1, 2, 4, 8, 16, 32]);
  });
});

it('1,000 requests at once do not crash a server that crashes on several requests in one segment', async () => {
  const rig = await open({ server: { flaws: { crashesAbove: 1 } } });
  const nonces = Array.from({ length: 1000 }, (_, index) => `nonce ${index}`);
  expect(await Promise.all(nonces.map((nonce) => rig.ask(nonce)))).toEqual(nonces);
  expect(rig.server.crashed).toBe(false);
});
