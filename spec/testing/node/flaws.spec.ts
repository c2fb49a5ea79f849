import { startZcachedServer, type ZcachedServerOptions } from 'rxpool/testing/node';
import { track } from '../../support/cleanup.js';
import { earliest } from '../../support/earliest.js';
import { until } from '../../support/until.js';
import { frame, request, wire } from './bytes.js';

const PING = frame('PING');
const PONG = '+PONG\r\n\x03';

async function start(options: ZcachedServerOptions = {}) {
  const server = track(await startZcachedServer(options));
  return { server, dial: async () => track(await wire(server.port)) };
}

describe('a second request in the same segment', () => {
  it('a 2024 server drops the second request of a segment', async () => {
    const { server, dial } = await start({ generation: '2024' });
    const client = await dial();
    expect(await client.ask(request('PING') + request('DBSIZE'), '\n')).toBe('+PONG\r\n');
    expect(await client.ask(request('DBSIZE'), '\n')).toBe(':0\r\n');
    expect(server.requests).toBe(2);
  });

  it('a 2025 server with that flaw drops the second request of a segment', async () => {
    const { dial } = await start({ flaws: { dropsSecondRequest: true } });
    const client = await dial();
    expect(await client.ask(PING + frame('DBSIZE'), '\n')).toBe(PONG);
    expect(await client.ask(frame('DBSIZE'), '\n')).toBe(':0\r\n\x03');
  });

  it('a 2024 server without that flaw answers all requests of a segment that are whole', async () => {
    const { dial } = await start({ generation: '2024', flaws: { dropsSecondRequest: false } });
    const client = await dial();
    expect(await client.ask(PING + request('DBSIZE') + PING, ':0\r\n+PONG')).toBe('+PONG\r\n:0\r\n+PONG\r\n');
    expect(await client.ask(PING + PING.slice(0, 6), 'bad')).toBe('+PONG\r\n-ERR bad request\r\n');
  });
});

describe('what a 2024 server has read', () => {
  const stored = request('SET', 'k', 'v');

  it('a 2024 server answers a request in two segments with two errors', async () => {
    const client = await (await start({ generation: '2024' })).dial();
    expect(await client.ask(stored.slice(0, 10), '\n')).toBe('-ERR bad request\r\n');
    expect(await client.ask(stored.slice(10), '\n')).toBe('-ERR bad request\r\n');
  });

  it('a 2024 server waits for a line feed before it answers', async () => {
    const client = await (await start({ generation: '2024' })).dial();
    client.send(stored.slice(0, 2));
    expect(await client.ask(stored.slice(2), '\n')).toBe('+OK\r\n');
  });

  it('a 2024 server reads the rest of one request as the start of the next', async () => {
    const client = await (await start({ generation: '2024' })).dial();
    await client.ask(request('SET', 'k', 'old'), '\n');
    expect(await client.ask(request('SET', 'j', 'new').slice(0, 20), '\n')).toBe('+OK\r\n');
    expect(await client.ask(request('GET', 'j'), 'old')).toBe('$3\r\nold\r\n');
  });

  it('a 2024 server reads at most what its buffer has room for, and the buffer grows', async () => {
    const { server, dial } = await start({ generation: '2024' });
    const client = await dial();
    const large = request('SET', 'k', 'x'.repeat(4096));
    expect(await client.ask(large, 'request\r\n-')).toContain('-ERR bad request\r\n-ERR bad request\r\n');
    expect(server.requests).toBe(2);
    expect(await client.ask(large, '\n')).toBe('+OK\r\n');
  });
});

it('a 2024 server takes an unread 0x03 as part of the next request', async () => {
  const client = await (await start({ generation: '2024' })).dial();
  const empty = request('SET', 'k', '').length + 3;
  const full = request('SET', 'k', 'x'.repeat(4096 - empty));
  expect(full).toHaveLength(4096);
  expect(await client.ask(`${full}\x03`, '\n')).toBe('+OK\r\n');
  expect(await client.ask(PING, '\n')).toBe('-ERR bad request\r\n');
});

describe('a server without flaws', () => {
  it.each(['2024', '2025'] as const)(
    'a %s server without flaws answers requests in order, however they are split',
    async (generation) => {
      const { server, dial } = await start({ generation, flaws: false });
      const client = await dial();
      const words = Array.from({ length: 50 }, (_, index) => `word ${index}`);
      const sent = words
        .map((word) => frame('SET', word, '%1\r\n+a\r\n*2\r\n:1\r\n_\r\n') + frame('GET', word))
        .join('');
      for (let at = 0; at < sent.length; at += 7) {
        const { bytesWritten } = client.socket;
        client.send(sent.slice(at, at + 7));
        await until(() => client.socket.bytesWritten > bytesWritten);
      }
      const end = generation === '2025' ? '\x03' : '';
      const answer = `+OK\r\n${end}%1\r\n$1\r\na\r\n*2\r\n:1\r\n_\r\n${end}`;
      await until(() => client.seen.length >= answer.length * words.length);
      expect(client.seen).toBe(answer.repeat(words.length));
      expect(server.requests).toBe(100);
    },
  );

  it('a 2024 server without flaws answers a request although the 0x03 of the one before comes apart', async () => {
    const client = await (await start({ generation: '2024', flaws: false })).dial();
    const sent = frame('SECRET');
    expect(sent.at(-1)).toBe('\x03');
    const unknown = '-ERR unknown command\r\n';
    expect(await client.ask(sent.slice(0, -1), '\n')).toBe(unknown);
    client.send(`\x03${sent}`);
    await until(() => client.seen.split('\n').length > 2);
    expect(client.seen).toBe(unknown + unknown);
  });

  it('a server without flaws repeats no key in KEYS', async () => {
    const client = await (await start({ flaws: false })).dial();
    expect(await client.ask(frame('GET', 'k'), '\n')).toBe('-ERR not found\r\n\x03');
    expect(await client.ask(frame('SECRET'), '\n')).toBe('-ERR unknown command\r\n\x03');
  });

  it('a server without flaws answers pending requests after a FIN, and then ends too', async () => {
    const { server, dial } = await start({ flaws: false, latency: 5 });
    const client = await dial();
    client.socket.end(PING, 'latin1');
    await until(() => client.closed);
    expect([client.seen, client.error, server.connections]).toEqual([PONG, undefined, 0]);
  });
});

it('a 2024 server closes its side when its client does, a 2025 one never', async () => {
  const [old, modern] = [await start({ generation: '2024' }), await start()];
  const [first, second] = [await old.dial(), await modern.dial()];
  for (const client of [first, second]) {
    await client.ask(PING, 'PONG');
    client.socket.end();
  }
  await until(() => first.closed && modern.server.connections === 0);
  // A round trip on another connection later there is still no sign of an end.
  await (await modern.dial()).ask(PING, PONG);
  expect([second.ended, second.closed]).toEqual([false, false]);
  await modern.server.close();
  await until(() => second.closed);
});

it('at most 256 sockets fall silent for clients that have gone', async () => {
  const { server } = await start();
  const clients = await Promise.all(Array.from({ length: 300 }, async () => track(await wire(server.port))));
  await until(() => server.connections === 300);
  for (const { socket } of clients) socket.end();
  await until(() => clients.filter(({ closed }) => closed).length === 44);
});

describe('a 2025 server when a client goes', () => {
  /** Nine clients, of which the first, the fifth and the last are served by one worker. */
  async function nine() {
    const { server, dial } = await start();
    const clients = [];
    for (let index = 0; index < 9; index++) {
      const client = await dial();
      await client.ask(PING, PONG);
      clients.push(client);
    }
    return { server, dial, clients };
  }

  it('it is the oldest: the newest of its worker gets no more replies, the others do', async () => {
    const { server, dial, clients } = await nine();
    const [going, ...staying] = clients;
    const silenced = staying.pop();
    await going!.close();
    await until(() => server.connections === 8);
    const { requests } = server;
    silenced!.seen = '';
    silenced!.send(PING);
    await until(() => server.requests === requests + 1);
    for (const client of [...staying, await dial()]) expect(await client.ask(PING, PONG)).toBe(PONG);
    expect(silenced!.seen).toBe('');
  });

  it('it is the newest: all others go on getting replies', async () => {
    const { server, clients } = await nine();
    await clients.pop()!.close();
    await until(() => server.connections === 8);
    for (const client of clients) expect(await client.ask(PING, PONG)).toBe(PONG);
  });
});

it('a 2024 server sends an error that repeats a key in two parts, 44 ms apart, and other replies at once', async () => {
  const client = await (await start({ generation: '2024' })).dial();
  const started = performance.now();
  expect(await client.ask(request('GET', 'k'), '\n')).toBe("-ERR 'k' not found\r\n");
  expect(performance.now() - started).toBeGreaterThanOrEqual(earliest(44));
  expect(client.chunks).toEqual(["-ERR '", "k' not found\r\n"]);
  expect(await client.ask(request('MGET', 'k'), '_')).toBe('%1\r\n$1\r\nk\r\n_\r\n');
  expect(client.chunks).toHaveLength(3);
});

it.each(['2024', '2025'] as const)(
  'a %s server lists maps and keys in the order of a hash, without that flaw as sent',
  async (generation) => {
    const keys = ['zeta', 'alpha', 'mid', 'beta', 'k1', 'k2'];
    const pairs = keys.map((key) => `$${key.length}\r\n${key}\r\n:1\r\n`).join('');
    const listed = async (options: ZcachedServerOptions): Promise<string[][]> => {
      const client = await (await start({ generation, ...options })).dial();
      await client.ask(frame('SET', 'map', `%${keys.length}\r\n${pairs}`), 'OK');
      const namesIn = (reply: string): string[] => reply.match(/[a-z]+\d?(?=\r)/g) ?? [];
      const inMap = namesIn(await client.ask(frame('GET', 'map'), keys.at(-1)!));
      await client.ask(frame('MSET', ...keys.flatMap((key) => [key, ':1\r\n'])), 'OK');
      await until(() => client.seen.includes('OK'));
      const inMget = namesIn(await client.ask(frame('MGET', ...keys), ':1\r\n'.repeat(1)));
      return [inMap, inMget];
    };
    const [inMap, inMget] = await listed({});
    expect([[...inMap!].sort(), inMget]).toEqual([[...keys].sort(), inMap]);
    expect(inMap).not.toEqual(keys);
    expect(await listed({ flaws: false })).toEqual([keys, keys]);
  },
);

it.each([
  ['2024', '*0\r\n'],
  ['2024', '*1\r\n:5\r\n'],
  ['2024', request('GET', ':5\r\n')],
  ['2024', request('DELETE', ':5\r\n')],
  ['2025', '*0\r\n'],
  ['2025', '*1\r\n:5\r\n'],
  ['2025', request('GET', ':5\r\n')],
  ['2025', request('DELETE', ':5\r\n')],
  ['2025', request('SIZEOF', ':5\r\n')],
] as const)('a %s server is crashed by %j, and answers it with an error without that flaw', async (generation, bad) => {
  const end = generation === '2025' ? '\x03' : '';
  const { server, dial } = await start({ generation });
  const client = await dial();
  client.send(bad + end);
  await until(() => client.closed);
  expect(server.crashed).toBe(true);
  const sound = await start({ generation, flaws: { crashesOnBadRequest: false } });
  expect(await (await sound.dial()).ask(bad + end, '\n')).toContain('ERR');
  expect(sound.server.crashed).toBe(false);
});

it('flaws: many requests in one segment crash the server, which resets all sockets and listens again after a restart', async () => {
  const { server, dial } = await start({ flaws: { crashesAbove: 3 } });
  const [client, neighbour] = [await dial(), await dial()];
  await neighbour.ask(PING, PONG);
  expect(await client.ask(PING.repeat(3), PONG.repeat(3))).toBe(PONG.repeat(3));
  expect(server.crashed).toBe(false);
  client.send(PING.repeat(4));
  await until(() => client.closed && neighbour.closed);
  expect([server.crashed, server.connections]).toEqual([true, 0]);
  expect([client.error, neighbour.error]).toEqual([1, 2].map(() => expect.objectContaining({ code: 'ECONNRESET' })));
  const { server: successor } = await start({ port: server.port });
  expect(await track(await wire(successor.port)).ask(PING, PONG)).toBe(PONG);
});

it('flaws: the server hangs up on new connections until the flaw is switched off', async () => {
  const { server, dial } = await start({ flaws: { hangsUpOnAccept: true } });
  const refused = await dial();
  await until(() => refused.ended || refused.closed);
  server.flaws.hangsUpOnAccept = false;
  expect(await (await dial()).ask(PING, PONG)).toBe(PONG);
  expect(server.requests).toBe(1);
});
