import { VirtualTimeScheduler } from 'rxjs';
import { ConnectionPool } from 'rxpool';
import { ConnectionLostError, RequestTimeoutError, ZcachedConnection } from 'rxpool/zcached';
import { cutting, moments, seededRandom } from '../../examples/demo/cutter.js';
import { askInVain, echo, exchangeWith } from '../../examples/demo/exchange.js';
import { Histogram } from '../../examples/demo/histogram.js';
import { Load, type Result } from '../../examples/demo/load.js';
import { steady } from '../../examples/demo/pace.js';
import { startEmbedded } from '../../examples/demo/target.js';

describe('A histogram', () => {
  it('histogram of the demo: quantiles are within 5 % of the exact ones', () => {
    const histogram = new Histogram();
    for (let ms = 1; ms <= 1_000; ms++) histogram.add(ms);
    for (const share of [0.01, 0.5, 0.99, 0.999]) {
      expect(Math.abs(histogram.quantile(share) / (share * 1_000) - 1)).toBeLessThanOrEqual(0.05);
    }
    expect(histogram.quantile(1)).toBe(1_000);
    expect(histogram.max).toBe(1_000);
  });

  it('histogram of the demo: accepts no value, zero and very large values', () => {
    const histogram = new Histogram();
    expect(histogram.quantile(0.5)).toBe(0);
    histogram.add(0);
    expect(histogram.quantile(0.5)).toBe(0);
    histogram.add(1e9);
    expect(histogram.max).toBe(1e9);
  });
});

describe('A steady pace', () => {
  it.each([1, 7, 150, 2_000, 50_000])('pace of the demo: %d requests per second', (rate) => {
    const scheduler = new VirtualTimeScheduler(undefined, 10_000);
    let issued = 0;
    let ticks = 0;
    steady(rate, scheduler).subscribe((due) => {
      issued += due;
      ticks++;
    });
    scheduler.flush();
    expect(issued).toBe(rate * 10);
    expect(ticks).toBeLessThanOrEqual(1_000);
  });
});

describe('The cutter', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('cutter of the demo: cuts one to half of the connections at intervals until it is stopped', () => {
    const cut: number[] = [];
    const target = { cut: (count: number) => cut.push(count) };
    const moments$ = moments({ first: 10, every: 10, until: 1_005 });
    cutting(target, moments$, { size: 8, random: seededRandom(1) }).subscribe();
    jest.advanceTimersByTime(5_000);
    expect(cut).toHaveLength(100);
    expect(new Set(cut)).toEqual(new Set([1, 2, 3, 4]));
  });

  it('cutter of the demo: the same seed cuts the same connections', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed));
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });
});

describe('An exchange', () => {
  const replying = (reply: unknown) => ({ send: async () => reply, request: async () => reply }) as never;

  it('exchange of the demo: uses commands that the server has', () => {
    expect([exchangeWith('2024'), exchangeWith('2025')]).toEqual([askInVain, echo]);
  });

  it('exchange of the demo: rejects a reply with another nonce', async () => {
    expect(await askInVain(replying(new Map([['rxpool:demo:mine', null]])), 'mine')).toBe('mine');
    for (const reply of [new Map([['rxpool:demo:theirs', null]]), new Map(), null, 'mine']) {
      expect(await askInVain(replying(reply), 'mine')).toBeUndefined();
    }
  });
});

describe('The load', () => {
  const connection = new ZcachedConnection();
  const pool = {
    use: (work: (connection: ZcachedConnection, context: never) => unknown) => work(connection, {} as never),
  };

  /** How one request ends if the server does this at the first attempt, at the second, and so on. */
  async function resultOf(...attempts: ((nonce: string) => unknown)[]): Promise<Result> {
    const load = new Load(pool as never, async (_, nonce) => attempts.shift()?.(nonce));
    const results: Result[] = [];
    load.results$.subscribe((result) => results.push(result));
    const request = load.request();
    expect(load.outstanding).toBe(1);
    await request;
    expect(load.outstanding).toBe(0);
    expect(results).toHaveLength(1);
    return results[0] as Result;
  }

  const fail = (sent: 'never' | 'maybe') => (): never => {
    throw new ConnectionLostError('ECHO', sent, undefined);
  };

  it('load of the demo: counts a reply as answered only if it has the nonce', async () => {
    expect(await resultOf((nonce) => nonce)).toMatchObject({ type: 'answered', id: 0, attempts: 1, connection });
    expect(await resultOf(() => "somebody else's")).toMatchObject({ type: 'wrong', attempts: 1, connection });
    expect(await resultOf(() => undefined)).toMatchObject({ type: 'wrong' });
  });

  it('load of the demo: retries a request with sent "never", up to ten attempts', async () => {
    expect(await resultOf(fail('never'), (nonce) => nonce)).toMatchObject({ type: 'answered', attempts: 2 });
    const never = new Array<() => never>(10).fill(fail('never'));
    expect(await resultOf(...never, (nonce) => nonce)).toMatchObject({ type: 'failed', attempts: 10, maybe: false });
  });

  it('load of the demo: does not retry a request with sent "maybe"', async () => {
    const result = await resultOf(fail('maybe'), (nonce) => nonce);
    expect(result).toEqual({ type: 'failed', id: 0, attempts: 1, code: 'ERR_CONNECTION_LOST', maybe: true });
  });

  it('load of the demo: does not retry a request that timed out waiting', async () => {
    const late = (): never => {
      throw new RequestTimeoutError('ECHO', 'never', 3_000);
    };
    const result = await resultOf(late, (nonce) => nonce);
    expect(result).toEqual({ type: 'failed', id: 0, attempts: 1, code: 'ERR_REQUEST_TIMEOUT', maybe: false });
  });

  it.each([echo, askInVain])(
    'exchange %p of the demo: is answered by a server and leaves no key there',
    async (exchange) => {
      const server = await startEmbedded({});
      const real = new ConnectionPool(2, () => new ZcachedConnection({ port: server.port }));
      await real.setup();
      const load = new Load(real, exchange);
      const types: string[] = [];
      load.results$.subscribe(({ type }) => types.push(type));
      for (let issued = 0; issued < 3; issued++) void load.request();
      await load.settled();
      expect(types).toEqual(['answered', 'answered', 'answered']);
      expect(await real.use((member) => member.send('DBSIZE'))).toBe(0);
      await real.dispose();
      await server.close();
    },
  );
});
