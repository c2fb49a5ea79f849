import { ConnectionPool, type ConnectionPoolOptions } from 'rxpool';
import { ScriptedConnection } from 'rxpool/testing';
import { settle, VirtualClock } from '../support/virtual-clock.js';

/** A pool in virtual time that lends each connection once. */
export interface Story {
  readonly pool: ConnectionPool<ScriptedConnection>;
  readonly clock: VirtualClock;
  readonly made: ScriptedConnection[];
}

export function tell(options: ConnectionPoolOptions<ScriptedConnection> = {}, poolSize = 2): Story {
  const clock = new VirtualClock();
  const made: ScriptedConnection[] = [];
  const make = (): ScriptedConnection => {
    const connection = new ScriptedConnection({
      onDial: 'wait',
      name: `#${made.length + 1}`,
      endpoint: 'replica:7556',
    });
    made.push(connection);
    return connection;
  };
  const { scheduler } = clock;
  const defaults = {
    name: 'users',
    heal: false,
    maxPending: 1,
    waitTimeout: 5_000,
    drainTimeout: 0,
    scheduler,
  } as const;
  return { pool: new ConnectionPool(poolSize, make, { ...defaults, ...options }), clock, made };
}

/**
 * One dial that takes 20 ms and one that fails after as long; work of 300 ms; a caller that waits for as long, one that
 * waits too long, and one that is still waiting.
 */
export async function play({ pool, clock, made }: Story): Promise<void> {
  const opening = pool.setup();
  await clock.advance(20);
  made[0]?.accept();
  made[1]?.refuse(Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' }));
  await opening;
  let finish = (): void => {};
  const first = pool.use(() => new Promise<void>((resolve) => (finish = resolve)));
  const second = pool.use(() => Promise.reject(new Error('no such table'))).catch(() => {});
  const late = pool.use(() => {}, { waitTimeout: 100 }).catch(() => {});
  await clock.advance(300);
  finish();
  await Promise.all([first, second, late]);
  await settle();
  pool.tryLease();
  pool.use(() => {}).catch(() => {});
  await settle();
}
