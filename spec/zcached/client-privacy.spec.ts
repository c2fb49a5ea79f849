// Makes error replies from private classes: the embedded server does not say every error text of both generations.

import { inspect } from 'node:util';
import { ConnectionPool } from 'rxpool';
import { startZcachedServer } from 'rxpool/testing/node';
import type { ZcachedArgument, ZcachedValue } from 'rxpool/zcached';
import { ZcachedClient, ZcachedConnection, ZcachedServerError } from 'rxpool/zcached';
import { serverError } from '../../src/zcached/server-error.js';
import { ErrorReply } from '../../src/zcached/value.js';
import { track } from '../support/cleanup.js';

const CANARY = 'canary';

/** Everything a log might make of an error and of what caused it. */
function traces(error: unknown): string {
  const found: string[] = [];
  for (let link = error; link instanceof Error; link = link.cause) {
    found.push(String(link), link.message, String(link.stack), JSON.stringify(link), JSON.stringify({ ...link }));
    found.push(...[false, true].map((showHidden) => inspect(link, { depth: 99, showHidden, maxStringLength: null })));
    found.push(Reflect.ownKeys(link).map(String).join(), JSON.stringify(structuredClone({ ...link })));
  }
  expect(found).not.toEqual([]);
  return found.join('\n').toLowerCase();
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error('It was not rejected');
    },
    (error: unknown) => error,
  );

const throwing = {
  encode: (value: string): ZcachedArgument => {
    throw new Error(`cannot encode ${value}`);
  },
  decode: (reply: ZcachedValue): string => {
    throw new Error(`cannot decode ${reply}`);
  },
};

const cyclic: Record<string, unknown> = { [CANARY]: CANARY };
cyclic[CANARY] = cyclic;

describe.each(['2024', '2025'] as const)('errors of a client of a %s server', (generation) => {
  let client: ZcachedClient;

  beforeEach(async () => {
    const server = track(await startZcachedServer({ generation }));
    const pool = track(new ConnectionPool(1, () => new ZcachedConnection({ port: server.port, maxRequestBytes: 900 })));
    await pool.setup();
    client = new ZcachedClient(pool);
    await client.mset({ [CANARY]: `${CANARY} {`, [`${CANARY}-map`]: { [CANARY]: CANARY } });
  });

  it.each<[string, (client: ZcachedClient) => Promise<unknown>]>([
    ['get as JSON of text that is not JSON', (client) => client.get(CANARY, { encoding: 'json' })],
    ['get as JSON of a map', (client) => client.get(`${CANARY}-map`, { encoding: 'json' })],
    ['get as bytes of text that is not base64', (client) => client.get(CANARY, { encoding: 'bytes' })],
    ['mget as bytes of text that is not base64', (client) => client.mget([CANARY], { encoding: 'bytes' })],
    ['entries as JSON of values that are not JSON', (client) => client.entries({ encoding: 'json' }).next()],
    ['get with a decode() that throws', (client) => client.get(CANARY, { encoding: throwing })],
    ['set with an encode() that throws', (client) => client.set(CANARY, CANARY, { encoding: throwing })],
    ['set as JSON of a cyclic object', (client) => client.set(CANARY, cyclic, { encoding: 'json' })],
    [
      'set as JSON of an object whose toJSON() throws',
      (client) => client.set(CANARY, { toJSON: throwing.encode }, { encoding: 'json' }),
    ],
    [
      'set as bytes of a string',
      (client) => client.set(CANARY, CANARY as unknown as Uint8Array, { encoding: 'bytes' }),
    ],
    ['mset as JSON of a cyclic object', (client) => client.mset({ [CANARY]: cyclic }, { encoding: 'json' })],
    ['set of text with a line feed', (client) => client.set(CANARY, `${CANARY}\n`)],
    ['set of an array of text with a line feed', (client) => client.set(CANARY, [`${CANARY}\n`])],
    ['set of text that ends in * and a digit', (client) => client.set(`${CANARY}\n*1`, `${CANARY}*1`)],
    ['set of a value over maxRequestBytes', (client) => client.set(CANARY, CANARY.repeat(200))],
    ['an unknown command', (client) => client.command(`${CANARY}s`)],
    ['a command name with a space', (client) => client.command(`${CANARY} 1`)],
    ['GET of a key that does not exist', (client) => client.command('GET', `${CANARY}-nothing`)],
    ['set with a timeout of 0', (client) => client.set(CANARY, CANARY, { timeout: 0 })],
    ['set with an aborted signal', (client) => client.set(CANARY, CANARY, { signal: AbortSignal.abort('enough') })],
  ])(`error of a client of a ${generation} server contains no key and no value: %s`, async (_, act) => {
    const error = await rejection(act(client));
    const hasCommand = (error as { request?: string }).request?.toLowerCase().includes(CANARY);
    // The name of the command is all that an error may repeat.
    expect(traces(error).replaceAll(hasCommand ? `${CANARY}s` : '\0', '')).not.toContain(CANARY);
    expect(error).toMatchObject({
      code: expect.stringMatching(/^ERR_/),
      sent: expect.stringMatching(/^(never|maybe)$/),
    });
  });
});

describe('ZcachedServerError of an error reply', () => {
  it.each([
    ["ERR 'canary' not found", 'NOT_FOUND'],
    ["ERR unknown command 'canary'", 'UNKNOWN_COMMAND'],
    ['ERR canary', 'UNEXPECTED'],
    ["ERR 'canary' not", 'UNEXPECTED'],
  ])('ZcachedServerError: only serverText contains the text of the server: %s', (text, kind) => {
    const error = serverError('GET', new ErrorReply(text));
    expect(traces(error)).not.toContain(CANARY);
    expect([error.kind, error.serverText, Object.values(error).includes(text)]).toEqual([kind, text, false]);
    expect(error).toBeInstanceOf(ZcachedServerError);
  });

  it.each([
    ['ERR unprocessable', 'BAD_REQUEST'],
    ['ERR bad request', 'BAD_REQUEST'],
    ['INVAL invalid length', 'BAD_REQUEST'],
    ['ERR unknown command', 'UNKNOWN_COMMAND'],
    ['ERR not found', 'NOT_FOUND'],
    ['TYPERR invalid type', 'TYPE'],
    ['TYPERR not integer', 'TYPE'],
    ['TYPERR not boolean', 'TYPE'],
    ['TYPERR key not string', 'TYPE'],
    ['ERR key must be a string', 'TYPE'],
    ['ERR max number of clients reached', 'TOO_MANY_CLIENTS'],
    ['ERR maximum payload size exceeded', 'TOO_LARGE'],
    ['ERR bulk too large', 'TOO_LARGE'],
    ['NOAUTH not whitelisted', 'NOT_ALLOWED'],
    ['ERR not whitelisted', 'NOT_ALLOWED'],
    ['NOSAVE error while saving data', 'NO_SAVE'],
    ['ERR there is no data to save', 'NO_SAVE'],
    ['BUSYKEY key already exists', 'BUSY_KEY'],
    ['ERR unexpected', 'UNEXPECTED'],
  ])('ZcachedServerError of the reply "%s": kind and message state %s', (text, kind) => {
    expect(serverError('GET', new ErrorReply(text))).toMatchObject({
      kind,
      message: `GET: the server answered ${kind}`,
    });
  });
});
