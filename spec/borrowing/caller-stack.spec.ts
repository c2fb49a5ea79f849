import { ConnectionPool, type ConnectionPoolOptions } from 'rxpool';
import { OwnConnection } from '../support/connections.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A pool of one exclusive connection, which is lent. */
async function busyPool(options: ConnectionPoolOptions<OwnConnection> = {}) {
  const clock = new VirtualClock();
  const pool = new ConnectionPool(1, () => new OwnConnection({ name: 'only' }), {
    maxPending: 1,
    waitTimeout: 100,
    scheduler: clock.scheduler,
    ...options,
  });
  await pool.setup();
  const lease = await pool.lease();
  return { pool, clock, lease };
}

type Pool = ConnectionPool<OwnConnection>;

const CALLS: Record<string, (pool: Pool) => Promise<unknown>> = {
  'use()': (pool) => pool.use(() => {}),
  'use({ signal })': (pool) => pool.use(() => {}, { signal: new AbortController().signal }),
  'use({ timeout })': (pool) => pool.use(() => {}, { timeout: 50 }),
  'lease()': (pool) => pool.lease(),
  'lease({ signal })': (pool) => pool.lease({ signal: new AbortController().signal }),
};

async function askForAConnection(call: (pool: Pool) => Promise<unknown>, pool: Pool): Promise<Error> {
  try {
    return (await call(pool)) as never;
  } catch (error) {
    return error as Error;
  }
}

/** The source map of the test runner leaves out the word `async`. */
const CALLER = /at (async )?askForAConnection /;

describe('the stack of an error of a caller that waited', () => {
  it.each(Object.entries(CALLS))('%s at its deadline: names the function that awaits it', async (_, call) => {
    const { pool, clock } = await busyPool();
    const asking = askForAConnection(call, pool);
    await clock.advance(100);
    const { name, code, message, stack } = (await asking) as Error & { readonly code: string };
    expect(code).toMatch(/^ERR_(WAIT|USE)_TIMEOUT$/);
    expect(stack).toMatch(CALLER);
    expect(stack?.startsWith(`${name}: ${message}\n`)).toBe(true);
  });

  it.each(Object.entries(CALLS))('%s when the pool is closed: names the function that awaits it', async (_, call) => {
    const { pool } = await busyPool();
    const asking = askForAConnection(call, pool);
    void pool.close();
    const error = await asking;
    expect([error.name, error.stack]).toEqual(['PoolClosedError', expect.stringMatching(CALLER)]);
  });

  it('use({ timeout }) whose work has begun: names the function that awaits it, and the connection', async () => {
    const { pool, clock, lease } = await busyPool();
    lease.release();
    const asking = askForAConnection((one) => one.use(() => new Promise(() => {}), { timeout: 50 }), pool);
    await clock.advance(50);
    const error = await asking;
    expect(error).toMatchObject({
      name: 'UseTimeoutError',
      message: 'The work on only of the pool did not settle within 50 ms',
      connection: 'only',
      stack: expect.stringMatching(CALLER),
    });
  });

  it('use({ signal }): leaves the stack of the reason of the signal as it is', async () => {
    const { pool } = await busyPool();
    const controller = new AbortController();
    const reason = new Error('enough');
    const { stack } = reason;
    const asking = askForAConnection((one) => one.use(() => {}, { signal: controller.signal }), pool);
    controller.abort(reason);
    expect(await asking).toBe(reason);
    expect(reason.stack).toBe(stack);
  });

  it('use(): leaves the stack of an error of another pool, which its work rejects with, as it is', async () => {
    const inner = await busyPool();
    const outer = await busyPool();
    outer.lease.release();
    const work = async (): Promise<void> => {
      throw await askForAConnection((pool) => pool.use(() => {}), inner.pool);
    };
    const asking = askForAConnection((pool) => pool.use(work, { timeout: 10_000 }), outer.pool);
    await inner.clock.advance(100);
    expect((await asking).stack?.match(/askForAConnection/g)).toHaveLength(1);
  });
});
