import { BehaviorSubject, finalize, type Observable, Subject, Subscription } from 'rxjs';
import { type ConnectionState, inState, leastLoaded, type Picker } from 'rxpool';
import { KINDS, SubjectConnection, type TestConnection } from '../support/connections.js';
import { names, thrownBy } from '../support/pools.js';

describe.each(KINDS)('inState() of $kind', ({ make }) => {
  const many = (count: number): TestConnection[] =>
    Array.from({ length: count }, (_, place) => make('wait', String.fromCharCode(97 + place)));

  /** What has been emitted: one text for each array, `|` for completion. */
  function heard(source: Observable<readonly TestConnection[]>): { log: string[]; stop(): void } {
    const log: string[] = [];
    const subscription = source.subscribe({
      next: (connections) => log.push(`[${names(connections)}]`),
      error: (error: Error) => log.push(`# ${error.message}`),
      complete: () => log.push('|'),
    });
    return { log, stop: () => subscription.unsubscribe() };
  }

  const up = async (connection: TestConnection): Promise<void> => {
    const dial = connection.connect();
    connection.accept();
    await dial;
  };

  it('emits at once, and then each change of the result, in the order of the source', async () => {
    const [a, b, c] = many(3) as [TestConnection, TestConnection, TestConnection];
    const { log } = heard(new BehaviorSubject([a, b, c]).pipe(inState('connected')));
    await up(c);
    await up(a);
    await up(b);
    a.lose();
    expect(log).toEqual(['[]', '[c]', '[a c]', '[a b c]', '[b c]']);
  });

  it('follows an array that changes its order, gains connections in front, and loses some', async () => {
    const [a, b, c] = many(3) as [TestConnection, TestConnection, TestConnection];
    for (const connection of [a, b, c]) await up(connection);
    const all$ = new BehaviorSubject([a, b]);
    const { log } = heard(all$.pipe(inState('connected')));
    all$.next([b, a]);
    all$.next([c, b, a]);
    all$.next([c, a]);
    all$.next([c, c, a]);
    expect(log).toEqual(['[a b]', '[b a]', '[c b a]', '[c a]']);
  });

  it('emits nothing for an array or a state that leaves the result as it is', async () => {
    const [a, b] = many(2) as [TestConnection, TestConnection];
    await up(a);
    const all$ = new BehaviorSubject([a]);
    const { log } = heard(all$.pipe(inState('connected')));
    all$.next([a, b]);
    const dial = b.connect().catch(() => {});
    b.refuse();
    await dial;
    all$.next([a]);
    expect(log).toEqual(['[a]']);
  });

  it.each<[ConnectionState, (connection: TestConnection) => unknown]>([
    ['idle', () => {}],
    ['connecting', (connection) => void connection.connect()],
    ['connected', up],
    [
      'broken',
      async (connection) => {
        await up(connection);
        connection.lose();
      },
    ],
    ['closed', (connection) => void connection.close()],
  ])('inState(%j) has the connections in that state alone', async (state, bring) => {
    const [a, b] = many(2) as [TestConnection, TestConnection];
    if (state === 'idle') await up(b);
    await bring(a);
    expect(heard(new BehaviorSubject([a, b]).pipe(inState(state))).log).toEqual(['[a]']);
  });

  it('emits frozen arrays', () => {
    const [a] = many(1) as [TestConnection];
    let emitted: readonly TestConnection[] = [];
    new BehaviorSubject([a]).pipe(inState('idle')).subscribe((connections) => {
      emitted = connections;
    });
    expect(Object.isFrozen(emitted)).toBe(true);
  });

  it.each(['completes', 'errors'])('%s with its source, and leaves no connection subscribed to', (how) => {
    const [a] = many(1) as [TestConnection];
    const all$ = new Subject<TestConnection[]>();
    const { log } = heard(all$.pipe(inState('idle')));
    all$.next([a]);
    if (how === 'completes') all$.complete();
    else all$.error(new Error('source'));
    expect(log).toEqual(['[a]', how === 'completes' ? '|' : '# source']);
    expect([a.observed, all$.observed]).toEqual([false, false]);
  });

  it('unsubscribing leaves neither the source nor a connection subscribed to', async () => {
    const [a, b] = many(2) as [TestConnection, TestConnection];
    const all$ = new BehaviorSubject([a, b]);
    const { log, stop } = heard(all$.pipe(inState('connected')));
    all$.next([b]);
    expect(a.observed).toBe(false);
    stop();
    await up(b);
    expect([b.observed, all$.observed, log]).toEqual([false, false, ['[]']]);
  });

  it('a pool of its own begins with it: leastLoaded() picks among those that are connected', async () => {
    const [a, b] = many(2) as [TestConnection, TestConnection];
    let picker: Picker<TestConnection> | undefined;
    new BehaviorSubject([a, b]).pipe(inState('connected'), leastLoaded()).subscribe((latest) => {
      picker = latest;
    });
    expect(picker?.pick()).toBeUndefined();
    await up(a);
    await up(b);
    a.send();
    expect([picker?.pick(), picker?.size]).toEqual([b, 2]);
    b.lose();
    expect([picker?.pick(), picker?.size]).toEqual([a, 1]);
  });

  it('throws for what is no state', () => {
    expect(thrownBy(() => inState('open' as ConnectionState))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    expect(thrownBy(() => inState(undefined as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });
});

it('inState(): subscribes to no further connection when the teardown of one that leaves unsubscribes it', () => {
  const subscription = new Subscription();
  const [a, b] = [new SubjectConnection(), new SubjectConnection()];
  const leaving = Object.assign(a, { state$: a.state$.pipe(finalize(() => subscription.unsubscribe())) });
  const all$ = new BehaviorSubject([leaving]);
  subscription.add(all$.pipe(inState('idle')).subscribe());
  all$.next([b]);
  expect([subscription.closed, b.observed]).toEqual([true, false]);
});
