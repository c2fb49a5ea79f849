import { inspect } from 'node:util';
import { startZcachedServer } from 'rxpool/testing/node';
import type { ZcachedArgument } from 'rxpool/zcached';
import { RequestError, ZcachedConnection, ZcachedServerError } from 'rxpool/zcached';
import { track } from '../support/cleanup.js';
import { until } from '../support/until.js';
import { startScript } from './raw-server.js';

const CANARY = 'canary';

/** Everything a log might make of an error. */
function traces(error: unknown): string {
  const deep = { depth: Number.POSITIVE_INFINITY, maxStringLength: Number.POSITIVE_INFINITY };
  const chain: string[] = [];
  for (let link = error; link instanceof Error; link = link.cause) {
    chain.push(String(link), link.message, link.stack ?? '', JSON.stringify(link), JSON.stringify({ ...link }));
    chain.push(inspect(link, deep), inspect(link, { ...deep, showHidden: true }), Object.values(link).join());
  }
  expect(chain).not.toEqual([]);
  return chain.join('\n');
}

function expectSilence(error: unknown, request: string): void {
  expect(traces(error).toLowerCase()).not.toContain(CANARY);
  expect(traces(error)).toContain(request);
}

describe('Errors contain no argument and no reply', () => {
  it.each(['2024', '2025'] as const)(
    'the error for an error reply of a %s server contains neither the arguments nor the reply',
    async (generation) => {
      const server = track(await startZcachedServer({ generation }));
      const connection = track(new ZcachedConnection({ port: server.port }));
      await connection.connect();
      const requests: [string, ...ZcachedArgument[]][] = [
        ['GET', `${CANARY}-key`],
        ['DELETE', `${CANARY}-key`],
        ['NOSUCH', `${CANARY}-argument`],
        ['MSET', `${CANARY}-key`],
        ['MGET', { [CANARY]: CANARY }],
        ['SET', CANARY],
      ];
      for (const [command, ...args] of requests) {
        const error = await connection.send(command, ...args).catch((reason) => reason);
        expect(error).toBeInstanceOf(ZcachedServerError);
        expectSilence(error, command);
      }
    },
  );

  it('serverText of the error has the text of an error reply', async () => {
    const server = track(await startZcachedServer());
    const connection = track(new ZcachedConnection({ port: server.port }));
    await connection.connect();
    const error = await connection.send('GET', 'k').catch((reason) => reason);
    expect(error.serverText).toBe("ERR 'k' not found");
  });

  it('the error for a refused argument does not contain it', async () => {
    const server = track(await startZcachedServer());
    const connection = track(new ZcachedConnection({ port: server.port, maxRequestBytes: 500 }));
    await connection.connect();
    const deep = Array.from({ length: 40 }).reduce<ZcachedArgument>((inner) => [inner], CANARY);
    const values: unknown[] = [`${CANARY}\n`, { [`${CANARY}\x03`]: 1 }, new Error(CANARY), CANARY.repeat(100), deep];
    values.push(Symbol(CANARY), { [CANARY]: undefined }, new Map([[Symbol(CANARY), 1]]), new Set([`${CANARY}\n`]));
    for (const value of values) {
      const error = await connection.send('SET', CANARY, value as ZcachedArgument).catch((reason) => reason);
      expect(error).toBeInstanceOf(RequestError);
      expectSilence(error, 'SET');
    }
    for (const call of [{ command: `${CANARY} x` }, { command: 'GET', args: CANARY }, CANARY]) {
      expectSilence(await connection.request(call as never).catch((reason) => reason), '');
    }
  });

  it('the errors for a timeout, an abort, a full queue, a close and a missing connection contain no argument', async () => {
    const server = track(await startZcachedServer());
    server.pause();
    const connection = track(new ZcachedConnection({ port: server.port, maxQueue: 2 }));
    const fail = (call: object) =>
      connection.request({ command: 'SET', args: [CANARY, CANARY], ...call }).catch((reason) => reason);
    const failed = [fail({})];
    server.resume();
    await connection.connect();
    server.pause();
    failed.push(fail({ timeout: 5 }), fail({ signal: AbortSignal.timeout(5) }), fail({}), fail({}));
    await Promise.all(failed.slice(0, 3));
    await connection.close();
    const errors = await Promise.all(failed);
    const codes = ['NOT_CONNECTED', 'REQUEST_TIMEOUT', 'REQUEST_ABORTED', 'CONNECTION_LOST', 'REQUEST_QUEUE_FULL'];
    expect(errors.map(({ code }) => code)).toEqual(codes.map((code) => `ERR_${code}`));
    for (const error of errors) expectSilence(error, 'SET');
  });

  it.each([
    ['that is malformed', `$5\r\n${CANARY}\r\n`],
    ['of no known type', CANARY],
    ['that is no number', `:${CANARY}\r\n`],
    ['that comes twice', `+${CANARY}\r\n\x03+${CANARY}\r\n\x03`],
  ])('the protocol error for a reply %s does not contain it', async (_, reply) => {
    const server = track(await startScript((socket) => socket.write(reply)));
    const connection = track(new ZcachedConnection({ port: server.port }));
    await connection.connect();
    const errors = await Promise.all([1, 2].map(() => connection.send('GET', CANARY).catch((reason) => reason)));
    await until(() => connection.state === 'broken');
    for (const error of [...errors, connection.cause]) if (error instanceof Error) expectSilence(error, '');
    expect(connection.cause).toMatchObject({ code: 'ERR_ZCACHED_PROTOCOL' });
  });
});
