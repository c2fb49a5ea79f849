import { ConnectionPool, RenewalError } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { VirtualClock } from '../support/virtual-clock.js';

/** A connection that answers pings until it is told not to. */
class Pinged extends ScriptedConnection {
  pings = 0;
  isSilent = false;

  ping({ signal }: { readonly signal: AbortSignal }): Promise<unknown> {
    this.pings++;
    if (!this.isSilent) return Promise.resolve();
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }
}

async function open(size: number) {
  const clock = new VirtualClock();
  const made: Pinged[] = [];
  const script = { refuses: false };
  const factory = (): Pinged => {
    const connection = new Pinged({ name: `#${made.length + 1}` });
    if (script.refuses) connection.onDial = 'refuse';
    made.push(connection);
    return connection;
  };
  const pool = new ConnectionPool(size, factory, { heal: false, scheduler: clock.scheduler, connectTimeout: 500 });
  await pool.setup();
  const lost: (string | undefined)[] = [];
  pool.events$.subscribe((event) => {
    if (event.type === 'lost') lost.push(event.name);
  });
  return { pool, clock, made, lost, script };
}

describe('connections that answer no ping after others were closed', () => {
  it('reconnect(false) invalidates those within connectTimeout, does not count them, and events$ names them', async () => {
    const { pool, clock, made, lost } = await open(4);
    made[1]!.isSilent = true;
    made[3]!.isSilent = true;
    const reconnected = pool.reconnect(false);
    await clock.advance(500);
    expect(await reconnected).toBe(2);
    expect([lost, pool.brokenConnections]).toEqual([
      ['#2', '#4'],
      [made[1], made[3]],
    ]);
    expect(clock.timers).toBe(0);
  });

  it('reconnect() pings none', async () => {
    const { pool, made } = await open(2);
    expect(await pool.reconnect()).toBe(2);
    expect(made.map(({ pings }) => pings)).toEqual([0, 0]);
  });

  it('renew() invalidates those, and events$ names them', async () => {
    const { pool, clock, made, lost } = await open(3);
    const [first] = made;
    made[2]!.isSilent = true;
    const renewed = pool.renew({ connections: [first!] });
    await clock.advance(500);
    expect([await renewed, lost]).toEqual([1, ['#3']]);
  });

  it('renew() that fails names those in its error', async () => {
    const { pool, clock, made, script } = await open(3);
    made[1]!.isSilent = true;
    script.refuses = true;
    const failed = pool.renew().catch((error: unknown) => error);
    await clock.advance(500);
    const error = await failed;
    expect(error).toBeInstanceOf(RenewalError);
    expect(error).toMatchObject({ silent: ['#2'], message: expect.stringContaining('answered no ping: #2') });
  });

  it('a connection with load is not pinged: its requests have deadlines', async () => {
    const { pool, made } = await open(2);
    made[1]!.isSilent = true;
    using _lease = pool.tryLease();
    using _other = pool.tryLease();
    expect(await pool.renew({ connections: [] })).toBe(0);
    expect(made.map(({ pings }) => pings)).toEqual([0, 0]);
  });
});
