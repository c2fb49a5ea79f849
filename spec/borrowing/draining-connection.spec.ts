import { BehaviorSubject } from 'rxjs';
import { type Connection, ConnectionPool, type ConnectionState } from 'rxpool';
import { settle, VirtualClock } from '../support/virtual-clock.js';

/** A pool of one connection whose state the test sets. */
async function open() {
  const clock = new VirtualClock();
  const state$ = new BehaviorSubject<ConnectionState>('idle');
  const connection: Connection = {
    state$,
    pending$: new BehaviorSubject(0),
    connect: () => Promise.resolve(state$.next('connected')),
    close: () => Promise.resolve(state$.next('closed')),
  };
  const pool = new ConnectionPool(1, () => connection, { drainTimeout: 1_000, scheduler: clock.scheduler });
  await pool.setup();
  return { clock, state$, pool };
}

it('use() of a connection that starts draining: a signal read for the first time then has not aborted until it is closed', async () => {
  const { clock, state$, pool } = await open();
  let signal!: () => AbortSignal;
  void pool.use((_, context) => {
    signal = () => context.signal;
    return new Promise(() => {});
  });
  state$.next('draining');
  await settle();
  expect([pool.health.draining, signal().aborted]).toEqual([1, false]);
  await clock.advance(1_000);
  expect([signal().aborted, pool.health.connected]).toEqual([true, 1]);
  await pool.dispose();
});

it('use() of a connection that starts draining: its signal aborts when the connection is closed, and not before', async () => {
  const { clock, state$, pool } = await open();
  const told: number[] = [];
  void pool.use((_, { signal }) => {
    signal.addEventListener('abort', () => told.push(clock.now));
    return new Promise(() => {});
  });
  state$.next('draining');
  await clock.advance(2_000);
  expect(told).toEqual([1_000]);
  await pool.dispose();
});
