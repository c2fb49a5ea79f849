// Operations on a pool at work: renewing its connections, suspending it, changing its sizes. No request fails.
import { filter, firstValueFrom } from 'rxjs';
import { ConnectionPool } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';

async function main(): Promise<void> {
  // Without the flaw of a server of 2025, for which a renewal is not made: a closed connection silences another.
  const flaws = { silencesNeighbour: false };
  const [old, other] = [await startZcachedServer({ flaws }), await startZcachedServer({ flaws })];
  let { port } = old;
  const pool = new ConnectionPool(3, () => new ZcachedConnection({ port }));
  await pool.setup();

  // Ten callers, each with a request under way at any time.
  let answered = 0;
  let failed = 0;
  let working = true;
  const caller = async (): Promise<void> => {
    while (working) {
      await pool
        .use((connection) => connection.send('PING'))
        .then(
          () => answered++,
          () => failed++,
        );
    }
  };
  const callers = Array.from({ length: 10 }, caller);
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  };
  const isAnswered = (more: number, from = answered): Promise<void> => until(() => answered >= from + more);
  await isAnswered(100);

  // Failover: the factory now makes connections to the other server. Each old one leaves when its replacement is up.
  port = other.port;
  console.log('renewed:', await pool.renew());
  await until(() => old.connections === 0);
  console.log(`connections: ${old.connections} to the old server, ${other.connections} to the other`);

  // Faster: two old ones at a time leave before their replacements are up.
  console.log('renewed:', await pool.renew({ maxUnavailable: 2, drainTimeout: 5_000 }));

  // Suspended: callers wait, each until its own deadline.
  pool.suspend();
  const isQuiet$ = pool.health$.pipe(filter(({ waiting, pending }) => waiting === 10 && pending === 0));
  const { waiting } = await firstValueFrom(isQuiet$);
  console.log('waiting:', waiting);
  pool.resume();
  await isAnswered(100);

  // Other sizes and limits, without dropping work.
  pool.reconfigure({ poolSize: 5, maxPending: 4, waitTimeout: 10_000 });
  await pool.ready({ min: 5 });
  console.log('connected:', pool.connectedConnections.length);
  pool.reconfigure({ poolSize: 2, maxSize: 4 });
  console.log('connected:', pool.connectedConnections.length);
  await isAnswered(100);

  working = false;
  await Promise.all(callers);
  console.log(`failed: ${failed} requests`);

  await pool.dispose();
  await old.close();
  await other.close();
}

void main();
