import { lastValueFrom, toArray } from 'rxjs';
import { startZcachedServer, type ZcachedServer } from 'rxpool/testing/node';
import { ZcachedClient, ZcachedConnection } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { until } from '../support/until.js';

let server: ZcachedServer;
let connection: ZcachedConnection;
let client: ZcachedClient;

beforeEach(async () => {
  server = track(await startZcachedServer());
  connection = track(new ZcachedConnection({ port: server.port }));
  await connection.connect();
  client = new ZcachedClient({ use: (work) => work(connection) });
});

afterEach(() => expect(connection.pending).toBe(0));

describe('client.get$()', () => {
  it('client.get$(): emits the value, or undefined for a missing key, and completes', async () => {
    await client.set('k', [1]);
    expect(await lastValueFrom(client.get$('k').pipe(toArray()))).toEqual([[1]]);
    expect(await lastValueFrom(client.get$('nothing').pipe(toArray()))).toEqual([undefined]);
  });

  it('client.get$(): sends a GET on each subscribe, and none before', async () => {
    const { requests } = server;
    const value$ = client.get$('k', { encoding: 'json' });
    expect(server.requests).toBe(requests);
    await client.set('k', { a: 1 }, { encoding: 'json' });
    expect(await lastValueFrom(value$)).toEqual({ a: 1 });
    await client.set('k', { a: 2 }, { encoding: 'json' });
    expect(await lastValueFrom(value$)).toEqual({ a: 2 });
    expect(server.requests).toBe(requests + 4);
  });

  it('client.get$(): unsubscribe cancels a queued request, and discards the reply to one in flight', async () => {
    server.pause();
    const { requests } = server;
    const seen: unknown[] = [];
    const subscriptions = ['a', 'b'].map((key) =>
      client.get$(key).subscribe({ next: (value) => seen.push(value), error: (error) => seen.push(error) }),
    );
    await until(() => server.requests === requests + 1);
    for (const subscription of subscriptions) subscription.unsubscribe();
    expect(connection.pending).toBe(1);
    server.resume();
    await client.ping();
    expect(connection.pending).toBe(0);
    expect([server.requests, seen]).toEqual([requests + 2, []]);
  });

  it('client.get$(): errors when the value cannot be decoded and when the connection is closed', async () => {
    await client.set('k', 'no JSON');
    const failed = lastValueFrom(client.get$('k', { encoding: 'json' }));
    await expect(failed).rejects.toMatchObject({ code: 'ERR_ZCACHED_ENCODING' });
    await connection.close();
    await expect(lastValueFrom(client.get$('k'))).rejects.toMatchObject({ code: 'ERR_NOT_CONNECTED' });
  });

  it('client.get$(): throws at the call for invalid options', () => {
    expect(() => client.get$('k', { encoding: 'text' as 'json' })).toThrow(RangeError);
    expect(() => client.get$('k', 1 as never)).toThrow(TypeError);
  });
});

describe('client.entries()', () => {
  const fill = (count: number): Promise<void> =>
    client.mset(new Map(Array.from({ length: count }, (_, index) => [`k${index}`, index])));

  it('client.entries({ batchSize: 10 }): yields all of 25 keys and values with four requests', async () => {
    await fill(25);
    const { requests } = server;
    const found = new Map<string, unknown>();
    for await (const [key, value] of client.entries({ batchSize: 10 })) found.set(key, value);
    expect(found).toEqual(new Map(Array.from({ length: 25 }, (_, index) => [`k${index}`, index])));
    expect(server.requests).toBe(requests + 4);
  });

  it("client.entries({ encoding: 'bytes' }): yields the values as bytes", async () => {
    await client.mset({ a: Uint8Array.of(1), b: Uint8Array.of() }, { encoding: 'bytes' });
    const found: Uint8Array[] = [];
    for await (const [, bytes] of client.entries({ encoding: 'bytes' })) found.push(bytes);
    expect(found).toEqual([Uint8Array.of(1), Uint8Array.of()]);
  });

  it('client.entries() of an empty store: sends one request and yields nothing', async () => {
    const { requests } = server;
    expect(await client.entries().next()).toEqual({ done: true, value: undefined });
    expect(server.requests).toBe(requests + 1);
  });

  it('client.entries(): sends no request before next(), none for a batch before it is reached, none after break', async () => {
    await fill(30);
    const { requests } = server;
    const entries = client.entries({ batchSize: 10 });
    expect(server.requests).toBe(requests);
    let seen = 0;
    for await (const _ of entries) {
      expect(server.requests).toBe(requests + (seen < 10 ? 2 : 3));
      seen++;
      if (seen === 15) break;
    }
    expect(await entries.next()).toEqual({ done: true, value: undefined });
    expect(server.requests).toBe(requests + 3);
  });

  it('client.entries(): skips a key that is deleted before its batch is read', async () => {
    await fill(4);
    const [first, second, third, fourth] = await client.keys();
    const seen: string[] = [];
    for await (const [key] of client.entries({ batchSize: 2 })) {
      seen.push(key);
      await client.delete(fourth as string);
    }
    expect(seen).toEqual([first, second, third]);
  });

  it('client.entries({ signal }): an abort rejects at the next batch, with sent: never', async () => {
    await fill(4);
    const controller = new AbortController();
    const seen: string[] = [];
    const walk = async (): Promise<void> => {
      for await (const [key] of client.entries({ batchSize: 2, signal: controller.signal })) {
        seen.push(key);
        controller.abort('enough');
      }
    };
    await expect(walk()).rejects.toMatchObject({ code: 'ERR_REQUEST_ABORTED', cause: 'enough', sent: 'never' });
    expect(seen).toEqual((await client.keys()).slice(0, 2));
  });

  it('client.entries(): throws at the call for invalid options', () => {
    expect(() => client.entries({ batchSize: 0 })).toThrow(RangeError);
    expect(() => client.entries({ batchSize: '1' as never })).toThrow(TypeError);
    expect(() => client.entries(null as never)).toThrow(TypeError);
  });
});
