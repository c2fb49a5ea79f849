// One pool over several servers: balanced through the loss of one and through changes of the list, near ones first.
import { BehaviorSubject, filter, firstValueFrom } from 'rxjs';
import { ConnectionPool, type EndpointHealth, preferred, resilient } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';

async function main(): Promise<void> {
  const servers = await Promise.all(Array.from({ length: 4 }, () => startZcachedServer()));
  const [a, b, c, d] = servers.map(({ port }) => `127.0.0.1:${port}`) as [string, string, string, string];
  const names = new Map([a, b, c, d].map((endpoint, place) => [endpoint, 'abcd'[place]]));

  // The list of servers as it changes. dnsAddresses() and dnsServices() of rxpool/dns are such observables, too.
  const endpoints = new BehaviorSubject<readonly string[]>([a, b, c]);
  const pool = new ConnectionPool(6, ({ endpoint }) => new ZcachedConnection(`zcached://${endpoint}`), {
    endpoints,
    // Those of server a, which is near, unless they carry 4 requests more than others do.
    select: preferred<ZcachedConnection>((connection) => connection.endpoint === a, { spillOver: 4 }),
    policies: resilient(),
  });
  await pool.setup();
  const shown = (figures: readonly EndpointHealth[] = []): string =>
    figures.map(({ endpoint, connected }) => `${names.get(endpoint)}: ${connected}`).join(', ');
  const until = async (expected: string): Promise<void> => {
    const reached$ = pool.health$.pipe(filter((health) => shown(health.endpoints) === expected));
    console.log(shown((await firstValueFrom(reached$)).endpoints));
  };
  await until('a: 2, b: 2, c: 2');

  const used: (string | undefined)[] = [];
  const ask = (): Promise<unknown> =>
    pool.use((connection) => {
      used.push(names.get(connection.endpoint));
      return connection.send('PING');
    });
  await Promise.all(Array.from({ length: 16 }, ask));
  console.log('16 requests at once:', used.splice(0).sort().join(' '));

  // A server goes away: the others serve, and its share stays its own.
  const [, second] = servers;
  const { port } = second as (typeof servers)[number];
  await second?.close();
  await until('a: 2, b: 0, c: 2');
  servers.push(await startZcachedServer({ port }));
  await until('a: 2, b: 2, c: 2');

  // Another takes its place. Each new connection is up before an old one leaves.
  endpoints.next([a, c, d]);
  await until('a: 2, c: 2, d: 2');
  endpoints.next([d]);
  await until('d: 6');

  await pool.dispose();
  await Promise.all(servers.map((server) => server.close()));
}

void main();
