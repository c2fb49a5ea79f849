// Health as a stream: watch a pool come up, lose its server's connections, and heal.
import { bufferCount, distinctUntilChanged, filter, firstValueFrom, map } from 'rxjs';
import { ConnectionPool, reconnectBroken } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';

async function main(): Promise<void> {
  const server = await startZcachedServer();
  const pool = new ConnectionPool(2, () => new ZcachedConnection({ port: server.port }), {
    heal: reconnectBroken({ backoff: () => 50 }),
  });

  const status$ = pool.health$.pipe(
    map(({ status }) => status),
    distinctUntilChanged(),
  );
  status$.subscribe({
    next: (status) => console.log('status:', status),
    complete: () => console.log('status: no more'),
  });

  await pool.setup();

  // Events tell what happened to which connection, for logs and metrics.
  pool.events$.subscribe((event) => {
    if (event.type === 'lost' || event.type === 'connected') console.log('event:', event.type);
  });

  // Lists are streams as well. A connection that moves has left one before it enters the other.
  const allBroken = firstValueFrom(pool.snapshot$.pipe(filter(({ broken }) => broken.length === pool.poolSize)));
  const bothBack = firstValueFrom(
    pool.events$.pipe(
      filter(({ type }) => type === 'connected'),
      bufferCount(2),
    ),
  );
  server.cutConnections();
  const { connected, broken } = await allBroken;
  console.log(`lists: ${connected.length} connected, ${broken.length} broken`);

  await bothBack;
  await pool.dispose();
  await server.close();
}

void main();
