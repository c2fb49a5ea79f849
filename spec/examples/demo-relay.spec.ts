import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startZcachedServer } from 'rxpool/testing/node';
import { ZcachedConnection } from 'rxpool/zcached';
import { startRelay } from '../../examples/demo/relay.js';
import { makeCertificates } from '../support/certificates.js';
import { closedPort, listen } from '../support/net-connection.js';
import { until } from '../support/until.js';

/** A server that answers the first request with PONG, and notes whether a client was reset. */
async function startWitness() {
  const sockets: Socket[] = [];
  const seen = { requests: 0, resets: 0 };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => seen.resets++);
    socket.on('data', () => {
      if (seen.requests++ === 0) socket.write('+PONG\r\n\x03');
    });
  });
  return { server, sockets, seen, port: await listen(server) };
}

describe("The demo's relay", () => {
  it('the relay of the demo forwards requests to a Unix socket and prints its URL', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rx pool-'));
    const path = join(folder, 'zcached.sock');
    const server = await startZcachedServer({ path });
    const relay = await startRelay({ path });
    const connection = new ZcachedConnection({ port: relay.port });
    await connection.connect();
    expect(await connection.send('ECHO', 'hello')).toBe('hello');
    expect(relay.name).toBe(`zcached://${path.replace(' ', '%20')}`);
    expect(relay.generation).toBe('2025');
    await connection.close();
    await relay.close();
    await until(() => server.connections === 0);
    await server.close();
    await rm(folder, { recursive: true });
  });

  it('the relay of the demo forwards TLS end to end', async () => {
    const { ca, server: tls } = await makeCertificates();
    const server = await startZcachedServer({ tls });
    const options = { host: 'localhost', port: server.port, tls: { ca: ca.cert, servername: 'localhost' } };
    const relay = await startRelay(options);
    expect(relay.name).toBe(`zcacheds://localhost:${server.port}`);
    const connection = new ZcachedConnection({ ...options, host: relay.host, port: relay.port });
    await connection.connect();
    expect(await connection.send('ECHO', 'hello')).toBe('hello');
    const other = { ...options.tls, servername: 'elsewhere.example' };
    const wrong = new ZcachedConnection({ host: relay.host, port: relay.port, tls: other });
    await expect(wrong.connect()).rejects.toMatchObject({ cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
    await connection.close();
    await wrong.close();
    await relay.close();
    await server.close();
  });

  it('the relay of the demo resets its clients and sends FIN to the server, which may still send', async () => {
    const { server, sockets, seen, port } = await startWitness();
    const relay = await startRelay({ port });
    const client = connect(relay.port, relay.host);
    let failure: Error | undefined;
    client.on('error', (error) => {
      failure = error;
    });
    client.write('a request');
    await until(() => seen.requests === 2);
    expect(relay.cut(5)).toBe(1);
    await until(() => failure !== undefined);
    expect(failure).toMatchObject({ code: 'ECONNRESET' });
    expect(relay.connections).toBe(0);

    const upstream = sockets[1] as Socket;
    await until(() => upstream.readableEnded);
    // Were nobody there any more, the first would be answered with a reset, and the second not be written.
    for (const words of ['its ', 'reply']) {
      expect(await new Promise((written) => upstream.write(words, written))).toBeFalsy();
    }
    expect(seen.resets).toBe(0);
    await relay.close();
    for (const socket of sockets) socket.end();
    await new Promise((closed) => server.close(closed));
  });

  it('relay: reports the cause when the target refuses the connection', async () => {
    const port = await closedPort();
    await expect(startRelay({ port })).rejects.toMatchObject({ code: 'ERR_ZCACHED_CONNECT', port });
  });
});
