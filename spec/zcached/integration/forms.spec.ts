import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedClient } from 'rxpool/zcached';
import { track } from '../../support/cleanup.js';

/** A client whose URL has it read maps as objects and strings as bytes, and how many requests have come from it. */
async function open(generation: '2024' | '2025') {
  const server = track(await startZcachedServer({ generation }));
  const url = `zcached://127.0.0.1:${server.port}?maps=object&strings=bytes&poolSize=1`;
  return { server, client: track(await ZcachedClient.connect(url)) };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.each(['2024', '2025'] as const)('maps=object&strings=bytes in the URL of a %s server', (generation) => {
  it(`maps=object&strings=bytes, ${generation} server: get() and mget() return objects and bytes`, async () => {
    const { client } = await open(generation);
    await client.mset({ text: 'grün', map: { text: 'a', deep: { b: true } } });
    expect(await client.mget('text', 'map', 'nothing')).toEqual(
      new Map<string, unknown>([
        ['text', bytes('grün')],
        ['map', { text: bytes('a'), deep: { b: true } }],
        ['nothing', undefined],
      ]),
    );
    const map = await client.get('map');
    expect(Object.getPrototypeOf(map)).toBeNull();
    expect(await client.get('text')).toEqual(bytes('grün'));
  });

  it(`maps=object&strings=bytes, ${generation} server: does not affect get() and mget() with an encoding`, async () => {
    const { client } = await open(generation);
    const user = { name: 'Ada\n\x03', tags: ['', 'ž'], born: 1815 };
    await client.set('user', user, { encoding: 'json' });
    await client.set('image', Uint8Array.of(0, 3, 10, 255), { encoding: 'bytes' });
    expect(await client.get('user', { encoding: 'json' })).toEqual(user);
    expect(await client.mget(['user'], { encoding: 'json' })).toEqual(new Map([['user', user]]));
    expect(await client.get('image', { encoding: 'bytes' })).toEqual(Uint8Array.of(0, 3, 10, 255));
    expect(await client.get('image')).toEqual(bytes('AAMK/w=='));
  });

  it(`maps=object&strings=bytes, ${generation} server: keys and the reply to ping() are text`, async () => {
    const { client } = await open(generation);
    await client.mset({ a: 1, ž: 2 });
    expect((await client.keys()).sort()).toEqual(['a', 'ž']);
    expect(await client.ping()).toBe('PONG');
    expect([await client.dbsize(), await client.delete('a'), await client.delete('a')]).toEqual([2, true, false]);
    const entries: unknown[] = [];
    for await (const entry of client.entries()) entries.push(entry);
    expect(entries).toEqual([['ž', 2]]);
  });
});

const NEWER: [string, (client: ZcachedClient) => Promise<unknown>, unknown][] = [
  ['ECHO', (client) => client.echo('hello'), 'hello'],
  ['SIZEOF', (client) => client.sizeof('k'), 1],
  ['RENAME', (client) => client.rename('k', 'l'), undefined],
  ['COPY', (client) => client.copy('k', 'l'), undefined],
  ['SET', (client) => client.set('k', new Set([1])), undefined],
];

describe.each(NEWER)('what only 2025 servers have: %s', (request, act, expected) => {
  it(`${request} of what only 2025 servers have: rejects on a 2024 server with ERR_ZCACHED_UNSUPPORTED, unsent`, async () => {
    const { server, client } = await open('2024');
    const { requests } = server;
    const refusal = { code: 'ERR_ZCACHED_UNSUPPORTED', request, generation: '2024', sent: 'never' };
    await expect(act(client)).rejects.toMatchObject(refusal);
    await client.ping();
    expect([server.requests, client.pool.health.pending]).toEqual([requests + 1, 0]);
  });

  it(`${request} of what only 2025 servers have: resolves on a 2025 server`, async () => {
    const { client } = await open('2025');
    await client.set('k', 'v');
    expect(await act(client)).toBe(expected);
  });
});
