// The client of zcached: commands with types, over a pool of its own.
import { firstValueFrom, from, lastValueFrom, of, retry, switchMap, tap } from 'rxjs';
import { startZcachedServer } from 'rxpool/testing/node';
import { RequestError, type ValueEncoding, ZcachedArgumentError, ZcachedClient } from 'rxpool/zcached';

interface User {
  readonly name: string;
  readonly notes: string;
}

/** Values of your own go in as any value that zcached has. */
const dates: ValueEncoding<Date> = {
  encode: (date) => date.getTime(),
  decode: (reply) => new Date(Number(reply)),
};

async function main(): Promise<void> {
  const server = await startZcachedServer();
  const client = await ZcachedClient.connect(`zcached://${server.host}:${server.port}?poolSize=2&requestTimeout=2000`);

  // Native values are those that clients in other languages read as well.
  await client.mset({ visits: 41, rate: 0.5, tags: ['a', 'b'], flags: new Map([['beta', true]]) });
  console.log('visits:', await client.get('visits'));
  console.log('two, and a miss:', await client.mget('tags', 'flags', 'missing'));

  // Text with line breaks, the empty string and bytes do not fit into a native string. An encoding stores them.
  const ada: User = { name: 'Ada', notes: 'first line\nsecond line' };
  await client.set('user:ada', ada, { encoding: 'json' });
  console.log('user:', (await client.get<User>('user:ada', { encoding: 'json' }))?.notes.split('\n'));
  await client.set('bytes', new Uint8Array([3, 10, 255]), { encoding: 'bytes' });
  console.log('bytes:', await client.get('bytes', { encoding: 'bytes' }));
  await client.set('seen', new Date(0), { encoding: dates });
  console.log('seen:', (await client.get('seen', { encoding: dates }))?.toISOString());

  // Refused before anything is sent. The error names the argument and what to do, and does not repeat the value.
  const refusal = await client.set('note', ada.notes).catch((error: unknown) => error);
  if (refusal instanceof ZcachedArgumentError) console.log(`${refusal.reason}: ${refusal.message}`);

  // All entries, fetched a few at a time.
  const people = await ZcachedClient.connect({ port: server.port, poolSize: 1, encoding: 'json' });
  await people.flush();
  await people.mset({ 'user:ada': ada, 'user:alan': { name: 'Alan', notes: '' } });
  for await (const [key, user] of people.entries<User>({ batchSize: 1 })) console.log(`${key}: ${user.name}`);

  // As streams: `switchMap` cancels all requests but the last.
  const names$ = from(['ada', 'charles', 'alan']).pipe(switchMap((name) => people.get$<User>(`user:${name}`)));
  console.log('latest:', (await lastValueFrom(names$))?.name);

  // A request without an answer in time is repeated. The late reply to the first one is dropped.
  server.pause();
  const patient$ = people
    .get$<User>('user:ada', { timeout: 100 })
    .pipe(
      tap({ error: ({ code }) => console.log('again after', code) }),
      retry({ count: 3, delay: () => of(server.resume()) }),
    );
  console.log('answered:', (await firstValueFrom(patient$))?.name);

  // Cancelling. `sent` says whether the command may have taken effect, so whether it may be repeated.
  server.pause();
  const controller = new AbortController();
  const aborted = client.delete('user:ada', { signal: controller.signal, timeout: 1_000 });
  controller.abort();
  await aborted.catch((error: unknown) => {
    if (error instanceof RequestError) console.log(`${error.code}, sent: ${error.sent}`);
  });
  server.resume();

  await people.close();
  await client.close();
  await server.close();
}

void main();
