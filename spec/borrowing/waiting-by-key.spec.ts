import { map } from 'rxjs';
import { ConnectionPool, type Picker, type Strategy } from 'rxpool';
import { OwnConnection } from '../support/connections.js';
import { watch } from '../support/pools.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

/** Leads each key to the connection whose name is the first letter of the key, and counts how often it is asked. */
class Shards {
  asked = 0;
  readonly strategy: Strategy<OwnConnection, string> = map(
    (all: readonly OwnConnection[]): Picker<OwnConnection, string> => {
      const find = (
        key: string,
        accepts: (connection: OwnConnection) => boolean = () => true,
      ): OwnConnection | undefined => all.find((connection) => connection.name === key[0] && accepts(connection));
      const pick: Picker<OwnConnection, string>['pick'] = (key, accepts) => {
        this.asked++;
        return find(key, accepts);
      };
      return { pick, peek: find, size: all.length };
    },
  );
}

/** A pool of the exclusive shards a and b. */
async function open(options: { readonly maxWaiting?: number } = {}) {
  const clock = new VirtualClock();
  const shards = new Shards();
  const [a, b] = ['a', 'b'].map((name) => new OwnConnection({ name })) as [OwnConnection, OwnConnection];
  const all = [a, b];
  const pool = new ConnectionPool<OwnConnection, string>(2, () => all.shift() as OwnConnection, {
    select: shards.strategy,
    heal: false,
    maxPending: 1,
    waitTimeout: 1_000,
    scheduler: clock.scheduler,
    ...options,
  });
  await pool.setup();
  const order: string[] = [];
  /** Borrows for a key, and holds on until the function returned is called. */
  const hold = (key: string) => {
    let finish = (): void => {};
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const work = (): Promise<void> => {
      order.push(key);
      return held;
    };
    const outcome = watch(pool.use(work, { key }));
    return { outcome, finish };
  };
  return { pool, clock, shards, a, b, order, hold };
}

describe('waiting callers where the strategy chooses by key', () => {
  it('use({ key }): starts at once on an idle shard while a caller waits for a shard that is down', async () => {
    const { pool, b, order, hold } = await open();
    b.lose();
    const waiting = hold('b1');
    hold('a1');
    expect([order, pool.health.waiting]).toEqual([['a1'], 1]);
    expect(waiting.outcome.status).toBe('pending');
  });

  it('tryLease({ key }) and lease({ key }): give out an idle shard while a caller waits for another one', async () => {
    const { pool, b, hold } = await open();
    b.lose();
    hold('b1');
    const lease = pool.tryLease({ key: 'a1' });
    expect(lease?.connection.name).toBe('a');
    expect(pool.tryLease({ key: 'b2' })).toBeUndefined();
    lease?.release();
    await settle();
    expect((await pool.lease({ key: 'a2' })).connection.name).toBe('a');
  });

  it('use({ key }): callers of a busy shard are served in order past an earlier one of a shard that is down', async () => {
    const { pool, clock, b, order, hold } = await open();
    b.lose();
    const first = hold('a1');
    const down = hold('b1');
    const second = hold('a1');
    const third = hold('a1');
    for (const done of [first, second, third]) {
      done.finish();
      await settle();
    }
    expect(order).toEqual(['a1', 'a1', 'a1']);
    expect([third.outcome.status, down.outcome.status, pool.health.waiting]).toEqual(['resolved', 'pending', 1]);
    await clock.advance(1_000);
    expect(down.outcome.reason).toMatchObject({ code: 'ERR_WAIT_TIMEOUT' });
  });

  it('use({ key }): different keys of one shard are served in the order in which their callers came', async () => {
    const { order, hold } = await open();
    const running = hold('a0');
    const waiting = ['a1', 'b0', 'a2', 'a1', 'a3', 'a2'].map(hold);
    expect(order).toEqual(['a0', 'b0']);
    for (const { finish } of [running, ...waiting]) {
      finish();
      await settle();
    }
    expect(order).toEqual(['a0', 'b0', 'a1', 'a2', 'a1', 'a3', 'a2']);
  });

  it('use({ key }): a caller that comes within a release does not pass one who waits for the same shard', async () => {
    const { pool, order, hold } = await open();
    const lease = pool.tryLease({ key: 'a0' });
    hold('a1').finish();
    lease?.release();
    hold('a2').finish();
    await settle();
    expect(order).toEqual(['a1', 'a2']);
  });

  it('use({ key }): waiting callers of a shard that comes back are served in their order', async () => {
    const { pool, b, order, hold } = await open();
    b.lose();
    const waiting = ['b1', 'b2', 'b1'].map(hold);
    void pool.reconnect();
    await settle();
    for (const { finish } of waiting) {
      finish();
      await settle();
    }
    expect(order).toEqual(['b1', 'b2', 'b1']);
  });

  it('maxWaiting bounds the callers of all keys together, and refuses none whose shard is idle', async () => {
    const { b, order, hold } = await open({ maxWaiting: 2 });
    b.lose();
    ['b1', 'b2'].map(hold);
    const refused = hold('b3');
    const served = hold('a1');
    await settle();
    expect(refused.outcome.reason).toMatchObject({ code: 'ERR_WAIT_QUEUE_FULL' });
    expect([order, served.outcome.status]).toEqual([['a1'], 'pending']);
  });

  it('suspend(): no key passes another; resume() serves all shards', async () => {
    const { pool, order, hold } = await open();
    pool.suspend();
    ['b1', 'a1'].map(hold);
    await settle();
    expect(order).toEqual([]);
    pool.resume();
    await settle();
    expect(order).toEqual(['b1', 'a1']);
  });

  it('1,000 keys that cannot be served: a release asks the strategy 64 times and a sixty-fourth of the others, and serves its own key', async () => {
    const { clock, shards, b, hold } = await open();
    b.lose();
    for (let i = 0; i < 1_000; i++) hold(`b${i}`);
    const released = async (rounds: number): Promise<number> => {
      shards.asked = 0;
      for (let i = 0; i < rounds; i++) {
        const running = hold('a1');
        const next = hold('a2');
        running.finish();
        await settle();
        next.finish();
        await settle();
        expect(next.outcome.status).toBe('resolved');
      }
      return shards.asked / (2 * rounds);
    };
    await released(100);
    expect(await released(200)).toBeLessThan(64 + 2 * (1_000 / 64) + 4);
    expect(clock.timers).toBeLessThanOrEqual(2);
  });

  it('1,000 keys that cannot be served: each is asked for within 10 ms of the moment when its shard can serve it', async () => {
    const { pool, clock, b, order, hold } = await open();
    b.lose();
    const waiting = Array.from({ length: 1_000 }, (_, i) => hold(`b${i}`));
    for (let i = 0; i < 20; i++) {
      const running = hold('a1');
      running.finish();
      await settle();
    }
    pool.reconfigure({ maxPending: 2_000 });
    void pool.reconnect();
    await clock.advance(10);
    expect(order.slice(20)).toEqual(waiting.map((_, i) => `b${i}`));
    for (const { finish } of waiting) finish();
    await settle();
    await pool.dispose();
    expect(clock.timers).toBe(0);
  });
});
