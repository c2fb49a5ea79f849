// A circuit breaker refuses callers at once while nothing can be connected; `close()` lets work finish first.
import { filter, firstValueFrom, map } from 'rxjs';
import { ConnectionPool, circuitBreaker, constantBackoff, PoolError, reconnectBroken } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';

async function main(): Promise<void> {
  let server = await startZcachedServer();
  const { port } = server;
  const pool = new ConnectionPool(2, () => new ZcachedConnection({ port }), {
    heal: (broken$) => broken$.pipe(reconnectBroken({ backoff: constantBackoff(10) })),
    breaker: circuitBreaker({ consecutiveFailures: 4, openFor: 500 }),
  });
  await pool.setup();
  const circuit$ = pool.events$.pipe(
    filter((event) => event.type === 'breaker-changed'),
    map(({ state }) => state),
  );
  circuit$.subscribe((state) => console.log(`circuit: ${state}`));
  const becomes = (state: string): Promise<string> => firstValueFrom(circuit$.pipe(filter((now) => now === state)));

  const isOpen = becomes('open');
  await server.close();
  await isOpen;
  // Callers do not wait while the circuit is open.
  const refusal = await pool.use((connection) => connection.send('PING')).catch((error: unknown) => error);
  if (refusal instanceof PoolError)
    console.log(`refused: ${refusal.code}, with a cause: ${refusal.cause !== undefined}`);

  const isClosed = becomes('closed');
  server = await startZcachedServer({ port });
  await isClosed;
  console.log(`answered: ${await pool.use((connection) => connection.send('PING'))}`);

  // The signal of a lease aborts when the pool is closed; the work may go on until `drainTimeout`.
  const lease = await pool.lease();
  lease.signal.addEventListener('abort', () => {
    void lease.connection.send('SET', 'last', 'word').then(() => {
      console.log('the last word is said');
      lease.release();
    });
  });
  await pool.close({ drainTimeout: 2_000 });
  console.log(`closed: ${lease.connection.state}`);
  await server.close();
}

void main();
