import { BehaviorSubject, EMPTY, type Observable, of, throwError } from 'rxjs';
import { type Connection, ConnectionPool, type ConnectionState } from 'rxpool';

const connectionWith = (state$: Observable<ConnectionState>, pending$: Observable<number>): Connection => ({
  state$,
  pending$,
  connect: () => Promise.resolve(),
  close: () => Promise.resolve(),
});

/** A common mistake in adapters: streams that complete or error where they should stay open. */
describe('a connection whose streams end at once', () => {
  const count = new BehaviorSubject(0);
  it.each<[name: string, connection: Connection]>([
    ["state$: of('connected')", connectionWith(of('connected'), count)],
    ["state$: of('idle')", connectionWith(of('idle'), count)],
    ['state$: EMPTY', connectionWith(EMPTY, count)],
    [
      'pending$: throwError()',
      connectionWith(
        new BehaviorSubject<ConnectionState>('idle'),
        throwError(() => 'no'),
      ),
    ],
  ])('a connection with %s fails its dial without waiting for connectTimeout', async (_name, connection) => {
    const pool = new ConnectionPool(1, () => connection, { heal: false, connectTimeout: 2 ** 30 });
    const causes: unknown[] = [];
    pool.events$.subscribe((event) => event.type === 'connect-failed' && causes.push(event.cause));
    await pool.setup();
    expect(pool.brokenConnections).toEqual([connection]);
    expect(causes).toEqual([expect.objectContaining({ code: 'ERR_CONNECTION_STREAM' })]);
    await pool.dispose();
  });

  it('a connection that becomes broken inside connect() fails its dial as soon as connect() resolves', async () => {
    const state$ = new BehaviorSubject<ConnectionState>('idle');
    const connect = (): Promise<void> => {
      state$.next('connecting');
      state$.next('broken');
      return Promise.resolve();
    };
    const connection = { ...connectionWith(state$, count), connect, cause: new Error('boom') };
    const pool = new ConnectionPool(1, () => connection, { heal: false, connectTimeout: 2 ** 30 });
    const causes: unknown[] = [];
    pool.events$.subscribe((event) => event.type === 'connect-failed' && causes.push(event.cause));
    await pool.setup();
    expect(causes).toEqual([connection.cause]);
    await pool.dispose();
  });
});
