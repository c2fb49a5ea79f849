import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ZcachedOptions } from 'rxpool/zcached';
import { ZcachedConnection } from 'rxpool/zcached';
import { makeCertificates } from '../support/certificates.js';
import { track } from '../support/cleanup.js';
import { type RawServerOptions, startScript } from './raw-server.js';

/** Several times what is read at once, and no multiple of it. */
const SIZE = 300_001;
const COUNT = 20;

const textOf = (index: number): string =>
  createHash('sha256')
    .update(`value ${index}`)
    .digest('hex')
    .repeat(Math.ceil(SIZE / 64))
    .slice(0, SIZE);

/** Answers with one value after the other. */
const serve = async (options?: RawServerOptions) =>
  track(await startScript((socket, _, count) => socket.write(`$${SIZE}\r\n${textOf(count)}\r\n\x03`), options));

async function expectValues(options: ZcachedOptions): Promise<void> {
  const connection = track(new ZcachedConnection({ ...options, strings: 'bytes' }));
  await connection.connect();
  const replies = await Promise.all(Array.from({ length: COUNT }, (_, index) => connection.send('GET', `k${index}`)));
  expect(replies.map((reply) => reply instanceof Uint8Array)).toEqual(replies.map(() => true));
  // All of them, after the last has come.
  const wrong = replies.findIndex((reply, index) => Buffer.from(reply as Uint8Array).toString() !== textOf(index));
  expect(wrong).toBe(-1);
}

describe('what a socket reads into one buffer stays what it was when more has come', () => {
  it('bytes of a reply over TCP are not overwritten by the next read into the same buffer', async () => {
    const { port } = await serve();
    await expectValues({ port });
  });

  it('bytes of a reply over a Unix socket are not overwritten by the next read into the same buffer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rxpool-'));
    track({ close: () => rm(folder, { recursive: true }) });
    const path = join(folder, 'zcached.sock');
    await serve({ path });
    await expectValues({ path });
  });

  it('bytes of a reply over TLS are not overwritten by the next read into the same buffer', async () => {
    const { ca, server } = await makeCertificates();
    const { port } = await serve({ tls: server });
    await expectValues({ port, tls: { ca: ca.cert } });
  });
});
