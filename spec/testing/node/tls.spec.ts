import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { startZcachedServer } from '../../../src/testing/node/index.js';
import { track } from '../../zcached/cleanup.js';
import { frame, until, Wire } from './bytes.js';

const PING = frame('PING');
const PONG = '+PONG\r\n\x03';

const certificate = async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], { algorithm: 'sha256' });
  return { key, cert };
};

function dial(port: number, options: ConnectionOptions): Wire {
  return track(new Wire(connect({ port, host: '127.0.0.1', checkServerIdentity: () => undefined, ...options })));
}

it('speaks TLS 1.3, can be cut off and closed, and goes without a close_notify', async () => {
  const tls = await certificate();
  const server = track(await startZcachedServer({ tls }));
  for (const end of [() => server.cutConnections(), () => server.close()]) {
    const client = dial(server.port, { ca: tls.cert });
    expect(await client.ask(PING, PONG)).toBe(PONG);
    expect((client.socket as TLSSocket).getProtocol()).toBe('TLSv1.3');
    expect(server.connections).toBe(1);
    await end();
    await until(() => client.closed);
    expect(client.ended).toBe(false);
    await until(() => server.connections === 0);
  }
});

it('refuses TLS 1.2, and what is no TLS at all, and goes on', async () => {
  const tls = await certificate();
  const server = track(await startZcachedServer({ tls }));
  const old = dial(server.port, { ca: tls.cert, maxVersion: 'TLSv1.2' });
  await until(() => old.closed);
  expect(old.error).toMatchObject({ code: expect.stringContaining('SSL') });
  expect(await dial(server.port, { ca: tls.cert }).ask(PING, PONG)).toBe(PONG);
  expect(server.requests).toBe(1);
});

it('asks for a certificate if told to, and refuses whoever has none', async () => {
  const [tls, mine] = [await certificate(), await certificate()];
  const server = track(await startZcachedServer({ tls: { ...tls, ca: mine.cert, requestCert: true } }));
  const nobody = dial(server.port, { ca: tls.cert });
  await until(() => nobody.closed);
  expect(await dial(server.port, { ca: tls.cert, ...mine }).ask(PING, PONG)).toBe(PONG);
  expect(server.requests).toBe(1);
});
