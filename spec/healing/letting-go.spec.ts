import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Observable, take } from 'rxjs';
import { ConnectionPool, cleanupBroken } from 'rxpool';
import { OwnConnection } from '../support/connections.js';
import { settle } from '../support/virtual-clock.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

type Pool = ConnectionPool<OwnConnection>;
type StreamName = 'connections$' | 'connected$' | 'broken$' | 'snapshot$';

const STREAMS: StreamName[] = ['connections$', 'connected$', 'broken$', 'snapshot$'];

const WAYS: Record<string, (stream: Observable<unknown>, pool: Pool) => void> = {
  'is over': (stream) => stream.subscribe().unsubscribe(),
  'took one value': (stream) => stream.pipe(take(1)).subscribe(),
  'went while it was told of a change': (stream, pool) => {
    stream.pipe(take(2)).subscribe();
    pool.connections[0]!.lose();
  },
};

/** Fills a pool, has it looked at, loses a connection, and gives that up; nothing of it stays in this frame. */
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

describe('a connection that was given up is garbage', () => {
  it.each(Object.keys(WAYS).flatMap((way) => STREAMS.map((name) => [name, way] as const)))(
    'when a subscription to %s %s',
    async (name, way) => {
      const { pool, lost } = await lostFrom((one) => WAYS[way]?.(one[name], one));
      for (let i = 0; i < 5 && lost.deref(); i++) {
        await settle();
        collectGarbage();
      }
      expect(pool.health.total).toBe(1);
      expect(lost.deref()).toBeUndefined();
    },
  );
});
