// Testing your own code against faults of networks and servers, with a server and a proxy in the test's process.
import { filter, firstValueFrom } from 'rxjs';
import { constantBackoff, PoolError, reconnectBroken } from 'rxpool';
import { startFaultProxy, startZcachedServer } from 'rxpool/testing/node';
import { RequestError, ZcachedClient, type ZcachedConnection } from 'rxpool/zcached';

/** The code under test: it has an answer whether the cache answers or not. */
class Greetings {
  constructor(private readonly cache: ZcachedClient) {}

  async for(name: string): Promise<string> {
    const cached = await this.cache.get<string>(name, { timeout: 250 }).catch(forgive);
    if (cached !== undefined) return `${cached} (cached)`;
    await this.cache.set(name, `Hello ${name}`, { timeout: 250 }).catch(forgive);
    return `Hello ${name}`;
  }
}

function forgive(error: unknown): undefined {
  if (!(error instanceof PoolError)) throw error;
  console.log(error instanceof RequestError ? `  ${error.code}, sent: ${error.sent}` : `  ${error.code}`);
}

async function main(): Promise<void> {
  // The server has the quirks of its generation. The proxy delivers replies late, three bytes at a time.
  await using server = await startZcachedServer({ generation: '2024' });
  await using proxy = await startFaultProxy({ port: server.port, toClient: { delay: 5, cut: 3 } });
  const heal = reconnectBroken<ZcachedConnection>({ backoff: constantBackoff(10) });
  await using client = await ZcachedClient.connect({ port: proxy.port, poolSize: 1, pool: { heal } });
  const greetings = new Greetings(client);
  const { events$ } = client.pool;
  events$.subscribe(({ type }) => {
    if (type === 'lost' || type === 'connected') console.log('  event:', type);
  });
  const next = (wanted: string) => firstValueFrom(events$.pipe(filter(({ type }) => type === wanted)));

  console.log('a slow network');
  console.log(' ', await greetings.for('Ada'));
  console.log(' ', await greetings.for('Ada'));

  console.log('one that stalls: a late reply is dropped');
  const [link] = proxy.links;
  link?.toClient.hold();
  console.log(' ', await greetings.for('Alan'));
  link?.toClient.resume();
  console.log(' ', await greetings.for('Ada'));

  console.log('one that resets connections');
  const greeting = greetings.for('Ada');
  link?.reset();
  console.log(' ', await greeting);
  console.log(' ', await greetings.for('Ada'));

  console.log('a server that hangs up on each connection');
  const failed = next('connect-failed');
  server.flaws.hangsUpOnAccept = true;
  server.cutConnections();
  await failed;
  console.log(' ', await greetings.for('Ada'));
  const isBack = next('connected');
  server.flaws.hangsUpOnAccept = false;
  await isBack;
  console.log(' ', await greetings.for('Ada'));
}

void main();
