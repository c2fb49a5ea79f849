import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { startZcachedServer } from 'rxpool/testing/node';
import { type Certificates, makeCertificates } from '../../support/certificates.js';
import { track } from '../../support/cleanup.js';
import { until } from '../../support/until.js';
import { frame, Wire } from './bytes.js';

const PING = frame('PING');
const PONG = '+PONG\r\n\x03';

let made: Certificates;

beforeAll(async () => {
  made = await makeCertificates();
});

const dial = (port: number, options: ConnectionOptions = {}): Wire =>
  track(new Wire(connect({ port, host: '127.0.0.1', ca: made.ca.cert, ...options })));

it('a TLS server speaks TLS 1.3, can be cut off and closed, and closes without close_notify', async () => {
  const server = track(await startZcachedServer({ tls: made.server }));
  for (const end of [() => server.cutConnections(), () => server.close()]) {
    const client = dial(server.port);
    expect(await client.ask(PING, PONG)).toBe(PONG);
    expect((client.socket as TLSSocket).getProtocol()).toBe('TLSv1.3');
    expect(server.connections).toBe(1);
    await end();
    await until(() => client.closed);
    expect(client.ended).toBe(false);
    await until(() => server.connections === 0);
  }
});

it('a TLS server refuses TLS 1.2 and plaintext, and goes on serving', async () => {
  const server = track(await startZcachedServer({ tls: made.server }));
  const old = dial(server.port, { maxVersion: 'TLSv1.2' });
  await until(() => old.closed);
  expect(old.error).toMatchObject({ code: expect.stringContaining('SSL') });
  expect(await dial(server.port).ask(PING, PONG)).toBe(PONG);
  expect(server.requests).toBe(1);
});

it('startZcachedServer({ tls }): refuses a client without a certificate where one is required', async () => {
  const { ca, server: identity, client: mine } = made;
  const server = track(await startZcachedServer({ tls: { ...identity, ca: ca.cert, requestCert: true } }));
  const anonymous = dial(server.port);
  await until(() => anonymous.closed);
  expect(await dial(server.port, mine).ask(PING, PONG)).toBe(PONG);
  expect(server.requests).toBe(1);
});
