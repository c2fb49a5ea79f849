// Two ways to find a bad connection: by how its requests end, and by a question while it is idle.
import { filter, firstValueFrom, share } from 'rxjs';
import { CommandFailure, ConnectionPool, type Ejection, ejectOutliers, type Validation, validateIdle } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';

async function main(): Promise<void> {
  const [left, middle, right] = [await startZcachedServer(), await startZcachedServer(), await startZcachedServer()];
  const names = new Map<number | undefined, string>([
    [left.port, 'left'],
    [middle.port, 'middle'],
    [right.port, 'right'],
  ]);
  const ports = names.keys();
  const pool = new ConnectionPool(3, () => new ZcachedConnection({ port: ports.next().value, requestTimeout: 200 }));
  await pool.setup();

  // By requests: a connection that fails several times in a row while the others do not is ejected.
  const ejection$ = pool.connected$.pipe(
    ejectOutliers((connection, duration) => pool.ejectConnections([connection], { duration }), {
      consecutiveFailures: 3,
    }),
    filter((value): value is Ejection<ZcachedConnection> => !(value instanceof CommandFailure)),
    share(),
  );
  const ejecting = ejection$.subscribe(({ connection, duration }) => {
    console.log(`ejected: ${names.get(connection.port)}, for ${duration / 1_000} s`);
  });
  const isEjected = firstValueFrom(ejection$);
  middle.pause();
  const requests = Array.from({ length: 9 }, () => pool.use((connection) => connection.send('PING')));
  const settled = await Promise.allSettled(requests);
  await isEjected;
  console.log('failed:', settled.filter(({ status }) => status === 'rejected').length);
  console.log('in service:', pool.connectedConnections.length);
  ejecting.unsubscribe();

  // By a question: a connection that has carried nothing for a while has to answer a PING.
  const validation$ = pool.connected$.pipe(
    validateIdle(
      (connection, { signal }) => connection.request({ command: 'PING', signal }),
      (connection, cause) => pool.invalidateConnections([connection], { cause }),
      { interval: 100, timeout: 200 },
    ),
    filter((value): value is Validation<ZcachedConnection> => !(value instanceof CommandFailure)),
    share(),
  );
  const isFound = firstValueFrom(validation$.pipe(filter(({ ok }) => !ok)));
  const isWell = firstValueFrom(validation$.pipe(filter(({ ok }) => ok)));
  right.pause();
  const [found, well] = await Promise.all([isFound, isWell]);
  console.log(`silent: ${names.get(found.connection.port)}, answered: ${names.get(well.connection.port)}`);
  console.log('in service:', pool.connectedConnections.length);

  await pool.dispose();
  await Promise.all([left.close(), middle.close(), right.close()]);
}

void main();
