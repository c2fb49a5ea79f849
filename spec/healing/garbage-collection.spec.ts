import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BehaviorSubject, NEVER, type Observable, Subject, take } from 'rxjs';
import { ConnectionPool, cleanupBroken, ejectOutliers } from 'rxpool';
import { OwnConnection } from '../support/connections.js';
import { settle } from '../support/virtual-clock.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

type Pool = ConnectionPool<OwnConnection>;
type StreamName = 'connections$' | 'connected$' | 'broken$' | 'snapshot$';

const STREAMS: StreamName[] = ['connections$', 'connected$', 'broken$', 'snapshot$'];

const WAYS: Record<string, (stream: Observable<unknown>, pool: Pool) => void> = {
  'was unsubscribed': (stream) => stream.subscribe().unsubscribe(),
  'completed by take(1)': (stream) => stream.pipe(take(1)).subscribe(),
  'completed by take(2) inside a change': (stream, pool) => {
    stream.pipe(take(2)).subscribe();
    pool.connections[0]!.lose();
  },
};

/** Opens a pool, subscribes with `look`, loses a connection and removes it. Only a WeakRef to it is returned. */
async function lostFrom(look: (pool: Pool) => void): Promise<{ pool: Pool; lost: WeakRef<OwnConnection> }> {
  const pool: Pool = new ConnectionPool(2, () => new OwnConnection(), { heal: false });
  await pool.setup();
  const lost = new WeakRef(pool.connections[0]!);
  look(pool);
  lost.deref()?.lose();
  const cleaning = pool.broken$.pipe(cleanupBroken((dead) => pool.removeConnections(dead))).subscribe();
  cleaning.unsubscribe();
  await settle();
  return { pool, lost };
}

async function collected(lost: WeakRef<object>): Promise<void> {
  for (let i = 0; i < 5 && lost.deref(); i++) {
    await settle();
    collectGarbage();
  }
}

describe('A removed connection is garbage-collected', () => {
  it.each(Object.keys(WAYS).flatMap((way) => STREAMS.map((name) => [name, way] as const)))(
    'a removed connection is garbage-collected when a subscription to %s %s',
    async (name, way) => {
      const { pool, lost } = await lostFrom((one) => WAYS[way]?.(one[name], one));
      await collected(lost);
      expect(pool.health.total).toBe(1);
      expect(lost.deref()).toBeUndefined();
    },
  );
});

it('ejectOutliers(): an ejected connection off the list is garbage-collected before its duration is over', async () => {
  const outcomes$ = new Subject<{ ok: boolean; durationMs: number }>();
  const make = (): OwnConnection => Object.assign(new OwnConnection(), { outcomes$: NEVER });
  const list$ = new BehaviorSubject<readonly OwnConnection[]>([make(), make()]);
  const scheduler = { now: () => 0, schedule: () => NEVER.subscribe() };
  const eject = (one: OwnConnection): void => list$.next(list$.value.filter((other) => other !== one));
  const ejecting = list$.pipe(ejectOutliers(eject, { scheduler, consecutiveFailures: 1 })).subscribe();
  const lost = ((): WeakRef<OwnConnection> => {
    const one = Object.assign(new OwnConnection(), { outcomes$ });
    list$.next([...list$.value, one]);
    outcomes$.next({ ok: false, durationMs: 1 });
    return new WeakRef(one);
  })();
  expect(list$.value).toHaveLength(2);
  await collected(lost);
  expect(lost.deref()).toBeUndefined();
  ejecting.unsubscribe();
});
