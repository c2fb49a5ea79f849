// No ConnectionPool: the operators make a pool of any stream of arrays of connections.
import { BehaviorSubject, filter, firstValueFrom, share } from 'rxjs';
import { inState, leastLoaded, type Picker, reconnectBroken } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';

type Members = readonly ZcachedConnection[];

async function main(): Promise<void> {
  const server = await startZcachedServer();
  const members$ = new BehaviorSubject<Members>(
    Array.from({ length: 3 }, () => new ZcachedConnection({ port: server.port })),
  );
  // Those of the members that are in a state now.
  const connected$ = members$.pipe(inState('connected'));
  const broken$ = members$.pipe(inState('broken'));

  let picker: Picker<ZcachedConnection> | undefined;
  const choosing = connected$.pipe(leastLoaded()).subscribe((current) => (picker = current));
  const reconnects$ = broken$.pipe(reconnectBroken(), share());
  const healing = reconnects$.subscribe();

  await Promise.all(members$.value.map((connection) => connection.connect()));
  console.log('to choose from:', picker?.size);

  // Nine requests, none of them answered yet: each went to the connection with the least load.
  const replies = Array.from({ length: 9 }, (_, number) => picker?.pick()?.send('ECHO', String(number)));
  console.log('pending:', members$.value.map(({ pending }) => pending).join(' '));
  console.log('replies:', (await Promise.all(replies)).join(' '));

  const isBroken = firstValueFrom(broken$.pipe(filter(({ length }) => length > 0)));
  const isBack = firstValueFrom(reconnects$.pipe(filter(({ type }) => type === 'reconnected')));
  server.cutConnections(1);
  await isBroken;
  console.log('one cut, to choose from:', picker?.size);
  await isBack;
  console.log('one back, to choose from:', picker?.size);

  choosing.unsubscribe();
  healing.unsubscribe();
  await Promise.all(members$.value.map((connection) => connection.close()));
  await server.close();
}

void main();
