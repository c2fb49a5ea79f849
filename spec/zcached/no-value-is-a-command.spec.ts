// Tests the private encoder too: a socket does not say what one read gives the server.

import fc from 'fast-check';
import { startFaultProxy, startZcachedServer } from 'rxpool/testing/node';
import { type ZcachedArgument, ZcachedArgumentError, ZcachedClient, ZcachedConnection } from 'rxpool/zcached';
import { encodeRequest } from '../../src/zcached/encode.js';
import { track } from '../support/cleanup.js';
import { judgeCut, judgeEachCut, judgeEachTwoCuts } from './fuzz/tearing-server.js';

/** What a server of 2024 is sent. */
function wireFor2024(command: string, args: readonly unknown[]): string {
  const frame = encodeRequest(command, args, 8 * 2 ** 20, '2024');
  return Buffer.from(frame.text, frame.encoding).toString('latin1').slice(0, -1);
}

/** A server of 2024 behind a relay that passes on so many bytes at a time, and what it has run. */
async function startTorn(cut: number) {
  const run: string[] = [];
  const server = track(
    await startZcachedServer({ generation: '2024', onRequest: ([command = '']) => run.push(command) }),
  );
  const proxy = track(await startFaultProxy({ port: server.port, toServer: { cut, delay: 1 } }));
  return { run, port: proxy.port, direct: server.port };
}

async function connected(port: number): Promise<ZcachedConnection> {
  const connection = track(new ZcachedConnection({ port, maxRequestBytes: 2 ** 20, requestTimeout: 500 }));
  await connection.connect();
  return connection;
}

describe('a server of 2024 that takes each read for a request', () => {
  it('a SET of an array of arrays that name FLUSH is refused: no read of a part of it can flush the store', async () => {
    const { run, port, direct } = await startTorn(1_448);
    const direct24 = await connected(direct);
    await direct24.send('SET', 'kept', 'yes');
    const connection = await connected(port);
    const value = Array.from({ length: 300 }, () => ['FLUSH']);
    await expect(connection.send('SET', 'k', value)).rejects.toMatchObject({
      code: 'ERR_ZCACHED_ARGUMENT',
      reason: 'ARRAY',
      position: 2,
      sent: 'never',
    });
    expect(run).not.toContain('FLUSH');
    expect(await direct24.send('GET', 'kept')).toBe('yes');
  });

  it.each([
    [['FLUSH'], 'ARRAY'],
    [[], 'ARRAY'],
    [[1, 2], 'ARRAY'],
    [{ a: ['FLUSH'] }, 'ARRAY'],
    [new Map([['a', [['FLUSH']]]]), 'ARRAY'],
    ['a*1', 'ARRAY_HEADER'],
    ['*+1', 'ARRAY_HEADER'],
    ['*1_0', 'ARRAY_HEADER'],
    [Buffer.from('a*12'), 'ARRAY_HEADER'],
    [{ 'a*1': 'FLUSH' }, 'ARRAY_HEADER'],
    [{ a: '*1' }, 'ARRAY_HEADER'],
  ] as [ZcachedArgument, string][])(
    'SET of %j on a 2024 server is refused with a way out, and stored by 2025',
    async (value, reason) => {
      const older = await connected((await startTorn(4_096)).port);
      const error: unknown = await older.send('SET', 'k', value).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ reason, position: 2, sent: 'never' });
      expect((error as Error).message).toContain("encoding: 'json'");
      const newer = await connected(track(await startZcachedServer()).port);
      expect(await newer.send('SET', 'k', value)).toBe('OK');
    },
  );

  it.each(['a*1', '*3'])('a key %j is refused on a 2024 server, in any command', async (key) => {
    const connection = await connected((await startTorn(4_096)).port);
    for (const command of ['GET', 'SET', 'MGET', 'MSET', 'DELETE']) {
      await expect(connection.send(command, key, 'v')).rejects.toMatchObject({ reason: 'ARRAY_HEADER', position: 1 });
    }
  });

  it.each(['*', '1', '**', '*a', 'a*1 ', '*1x', '* 1', '2*2=4', '-1'])(
    'the text %j is stored on a 2024 server and comes back',
    async (text) => {
      const connection = await connected((await startTorn(4_096)).port);
      await connection.send('MSET', text, text, 'map', { [text]: { deep: text } });
      expect(await connection.send('GET', text)).toBe(text);
      expect(await connection.send('GET', 'map')).toEqual(new Map([[text, new Map([['deep', text]])]]));
    },
  );

  it.each(['json', 'bytes'] as const)(
    'what %s has to encode is stored on a 2024 server, whatever it is',
    async (encoding) => {
      const connection = await connected((await startTorn(4_096)).port);
      const client = new ZcachedClient({ use: (work) => work(connection) }, { encoding });
      const values = [['FLUSH'], 'a*1', [['*1']], { '*1': [] }];
      for (const value of values) {
        const stored = encoding === 'json' ? value : Uint8Array.from(Buffer.from(JSON.stringify(value)));
        await client.set('k', stored as never);
        expect(await client.get('k')).toEqual(stored);
      }
    },
  );

  it.each([
    ['SET', ['k', ['FLUSH']], 20],
    ['MSET', ['k', 'a*1', 'FLUSH', 'x'], 26],
    ['SET', ['k', { 'a*1': 'FLUSH' }], 29],
  ] as [string, unknown[], number][])('the judge of cuts finds the command in %s of %j', (command, args, place) => {
    const frame = encodeRequest(command, args, 2 ** 20, '2025');
    expect(() => judgeCut(frame.text.slice(0, -1), command, [place])).toThrow('FLUSH is run');
  });

  it('property: no accepted request runs another command, wherever it is cut', () => {
    const word = fc.oneof(
      fc.constantFrom('FLUSH', 'flush', 'SAVE', 'KEYS', '*', '*1', '*2', '$5', '%1', ':1', '+', 'a*1', '*1FLUSH', '_'),
      fc.string({ minLength: 1, maxLength: 6 }),
    );
    const scalar = fc.oneof(word, fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        scalar,
        fc.dictionary(word, tie('value'), { minKeys: 1, maxKeys: 3 }),
        fc.array(tie('value'), { maxLength: 3 }),
        word.map((text) => new Uint8Array(Buffer.from(text))),
      ),
    }));
    const request = fc.oneof(
      fc.tuple(fc.constant('SET'), fc.tuple(word, value)),
      fc.tuple(fc.constant('GET'), fc.tuple(word)),
      fc.tuple(fc.constant('MGET'), fc.array(word, { minLength: 1, maxLength: 4 })),
      fc.tuple(
        fc.constant('MSET'),
        fc.array(fc.tuple(word, value), { minLength: 1, maxLength: 3 }).map((pairs) => pairs.flat()),
      ),
    );
    let accepted = 0;
    fc.assert(
      fc.property(request, ([command, args]) => {
        let wire: string;
        try {
          wire = wireFor2024(command, args);
        } catch (error) {
          if (error instanceof ZcachedArgumentError) return;
          throw error;
        }
        accepted++;
        judgeEachCut(wire, command);
        // Two cuts at each place cost the square of the length.
        if (wire.length < 45) judgeEachTwoCuts(wire, command);
      }),
      { numRuns: 100 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});
