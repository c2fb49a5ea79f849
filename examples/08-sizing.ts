// A pool whose size looks after itself: made up when short, shrunk when idle, renewed when old.
import { filter, firstValueFrom } from 'rxjs';
import { ConnectionPool, recycle, refill, shrinkIdle } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';

async function main(): Promise<void> {
  const server = await startZcachedServer();
  const pool = new ConnectionPool(3, () => new ZcachedConnection({ port: server.port }));
  await pool.setup();

  // Each policy is an operator over one of the pool's streams, and is given the command to carry out.
  const refilling = pool.health$.pipe(refill((count) => pool.extendPoolBySize(count)));
  const shrinking = pool.connected$.pipe(
    shrinkIdle((surplus) => pool.reducePoolConnections(surplus), { idleTimeout: 100, minIdle: 2 }),
  );
  const recycling = pool.connected$.pipe(
    recycle((due) => pool.removeConnections(due), { maxLifetime: 100, maxUses: 10_000 }),
  );

  // Its owner closes one: it leaves the pool, which is one short.
  const refilled = firstValueFrom(refilling);
  await pool.connections[0]?.close();
  const event = await refilled;
  console.log(`${event.type}: ${event.count}, so that there are ${pool.connections.length}`);

  // More than it needs, after a busy hour.
  await pool.extendPoolBySize(5);
  console.log(`grown to ${pool.poolSize}`);
  const surplus = await firstValueFrom(shrinking);
  console.log(`${surplus} were idle for too long: ${pool.connections.length} connections of ${pool.poolSize}`);

  // Those that have grown old leave the pool, which is refilled.
  const old = pool.connections;
  const renewed = firstValueFrom(
    pool.connected$.pipe(filter((all) => all.length === 2 && all.every((connection) => !old.includes(connection)))),
  );
  const policies = [refilling.subscribe(), recycling.subscribe()];
  await renewed;
  for (const policy of policies) policy.unsubscribe();
  console.log(`renewed: ${pool.connections.length} connections of ${pool.poolSize}, none of them an old one`);

  await pool.dispose();
  await server.close();
}

void main();
