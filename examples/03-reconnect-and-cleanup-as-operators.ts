// Without the option `heal`: reconnecting and cleaning up as operators that you subscribe to yourself.
import { filter, firstValueFrom, share } from 'rxjs';
import { CommandFailure, ConnectionPool, cleanupBroken, exponentialBackoff, reconnectBroken } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';

async function main(): Promise<void> {
  let server = await startZcachedServer();
  const { port } = server;
  const pool = new ConnectionPool(2, () => new ZcachedConnection({ port }), { heal: false });
  await pool.setup();

  const backoff = exponentialBackoff({ initial: 20, max: 50 });
  const reconnects$ = pool.broken$.pipe(reconnectBroken({ backoff }), share());
  const reconnecting = reconnects$.subscribe(({ type, attempt }) => {
    if (type === 'reconnected') console.log(`reconnected at attempt ${attempt}`);
  });
  // Removes connections that have not been connected for 500 ms, however often they were redialled meanwhile.
  const giveUp = cleanupBroken<ZcachedConnection>((dead) => pool.removeConnections(dead), { after: 500 });
  let givenUp = 0;
  const cleaning = pool.broken$.pipe(giveUp).subscribe((dead) => {
    if (dead instanceof CommandFailure) console.warn('not removed yet', dead.cause);
    else givenUp += dead.length;
  });

  console.log('a connection is cut');
  const isBack = firstValueFrom(reconnects$.pipe(filter(({ type }) => type === 'reconnected')));
  server.cutConnections(1);
  await isBack;

  console.log('the server goes away');
  const isEmpty = firstValueFrom(pool.connections$.pipe(filter((connections) => connections.length === 0)));
  await server.close();
  await isEmpty;
  console.log(`gave up ${givenUp}: ${pool.connections.length} connections of ${pool.poolSize}`);

  console.log('and comes back');
  server = await startZcachedServer({ port });
  await pool.setup();
  console.log(`${pool.connections.length} connections of ${pool.poolSize}, status ${pool.health.status}`);

  reconnecting.unsubscribe();
  cleaning.unsubscribe();
  await pool.dispose();
  await server.close();
}

void main();
