// Sizing policies: refill a pool, shrink it when idle, replace old connections, grow it for a burst.
import { filter, firstValueFrom } from 'rxjs';
import { ConnectionPool, growOnDemand, recycle, refill, shrinkIdle } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';

async function main(): Promise<void> {
  const server = await startZcachedServer();
  const pool = new ConnectionPool(3, () => new ZcachedConnection({ port: server.port }));
  await pool.setup();

  // Each policy is an operator over one of the pool's streams, and is given the command that it calls.
  const refilling = pool.health$.pipe(refill((count) => pool.extendPoolBySize(count)));
  const shrinking = pool.connected$.pipe(
    shrinkIdle((surplus) => pool.reducePoolConnections(surplus), { idleTimeout: 100, minIdle: 2 }),
  );
  const recycling = pool.connected$.pipe(
    recycle((due) => pool.removeConnections(due), { maxLifetime: 100, maxUses: 10_000 }),
  );

  // A member that is closed by other code leaves the pool, which is refilled.
  const refilled = firstValueFrom(refilling);
  await pool.connections[0]?.close();
  const event = await refilled;
  console.log(`${event.type}: ${event.count}, so that there are ${pool.connections.length}`);

  // More connections than it needs.
  await pool.extendPoolBySize(5);
  console.log(`grown to ${pool.poolSize}`);
  const surplus = await firstValueFrom(shrinking);
  console.log(`${surplus} were idle for too long: ${pool.connections.length} connections of ${pool.poolSize}`);

  // Connections older than `maxLifetime` leave the pool, which is refilled.
  const old = pool.connections;
  const renewed = firstValueFrom(
    pool.connected$.pipe(filter((all) => all.length === 2 && all.every((connection) => !old.includes(connection)))),
  );
  const policies = [refilling.subscribe(), recycling.subscribe()];
  await renewed;
  for (const policy of policies) policy.unsubscribe();
  console.log(`renewed: ${pool.connections.length} connections of ${pool.poolSize}, none of them an old one`);

  await pool.dispose();
  await burst(server.port);
  await server.close();
}

/** Policies as an option: a pool with exclusive borrowings, which grows for callers who wait. */
async function burst(port: number): Promise<void> {
  const pool = new ConnectionPool(1, () => new ZcachedConnection({ port }), {
    maxPending: 1,
    minSize: 1,
    maxSize: 8,
    policies: [
      (pool) => pool.health$.pipe(growOnDemand((count) => pool.extendPoolBySize(count))),
      (pool) => pool.connected$.pipe(shrinkIdle((count) => pool.reducePoolConnections(count), { idleTimeout: 100 })),
    ],
  });
  await pool.setup();
  const leases = await Promise.all(Array.from({ length: 5 }, () => pool.lease()));
  console.log(`five at once: ${pool.connections.length} connections`);
  for (const lease of leases) lease.release();
  await firstValueFrom(pool.connections$.pipe(filter(({ length }) => length === 1)));
  console.log(`idle again: ${pool.connections.length} connection`);
  await pool.dispose();
}

void main();
