import { BehaviorSubject, Observable } from 'rxjs';
import { type Connection, ConnectionPool, type ConnectionState } from 'rxpool';

/** The source as a stream whose teardown throws. */
const failingAtItsEnd = <T>(source: Observable<T>): Observable<T> =>
  new Observable((subscriber) => {
    subscriber.add(source.subscribe(subscriber));
    subscriber.add(() => {
      throw new Error('teardown failed');
    });
  });

it('close() of a pool resolves where the teardown of state$ and pending$ of its connections throws', async () => {
  const state$ = new BehaviorSubject<ConnectionState>('idle');
  const connection: Connection = {
    state$: failingAtItsEnd(state$),
    pending$: failingAtItsEnd(new BehaviorSubject(0)),
    connect: () => Promise.resolve(state$.next('connected')),
    close: () => Promise.resolve(state$.next('closed')),
  };
  const pool = new ConnectionPool(1, () => connection, { heal: false });
  await pool.setup();
  expect(pool.connectedConnections).toEqual([connection]);
  await pool.close();
  expect([state$.value, state$.observed]).toEqual(['closed', false]);
  await pool.dispose();
});
