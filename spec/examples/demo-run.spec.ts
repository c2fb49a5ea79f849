import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startZcachedServer } from 'rxpool/testing/node';
import { makeCertificates } from '../support/certificates.js';
import { closedPort, listen } from '../support/net-connection.js';
import { scaled } from '../support/scales.js';
import { until } from '../support/until.js';
import { Program, run } from './run-program.js';

const MAIN = 'demo/main.ts';
const SECONDS = `${scaled('demo')}`;

/** The figures of a summary by name. */
function figures(stdout: string): Readonly<Record<string, number>> {
  const summary = stdout.split('\n\n').at(-1) ?? '';
  const lines = summary.matchAll(/^ {2}(\w+) +([\d,]+)(?: {2}.*)?$/gm);
  return Object.fromEntries([...lines].map(([, name, figure]) => [name, Number(figure?.replaceAll(',', ''))]));
}

function expectSound(stdout: string): Readonly<Record<string, number>> {
  const { requests = 0, answered = 0, wrong, errors = 0, pending, ...rest } = figures(stdout);
  expect({ wrong, pending }).toEqual({ wrong: 0, pending: 0 });
  expect(answered).toBeGreaterThan(0);
  expect(requests).toBe(answered + errors);
  const codes = stdout.matchAll(/ERR_\w+ ([\d,]+)/g);
  const byKind = [...codes].reduce((sum, [, times]) => sum + Number(times?.replaceAll(',', '')), 0);
  expect(byKind).toBe(errors);
  return { requests, answered, errors, ...rest };
}

describe('The demo', () => {
  it('demo --seconds 3: connections are cut and reconnect, and it ends with a summary and status 0', async () => {
    const { status, stdout, stderr } = await run(MAIN, ['--seconds', '3', '--rate', '500']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { requests, cut = 0, reconnects } = expectSound(stdout);
    expect(requests).toBeGreaterThan(1_200);
    expect(cut).toBeGreaterThan(0);
    // Those that fell silent meanwhile reconnect as well.
    expect(reconnects).toBeGreaterThanOrEqual(cut);
    const lines = stdout.split('\n').filter((line) => /^ +\d s /.test(line));
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(stdout).not.toContain('\x1b');
  }, 30_000);

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'demo: %s ends it with a summary and status 0',
    async (signal) => {
      const program = new Program(MAIN, ['--seconds', '60', '--rate', '500']);
      await program.printed();
      program.process.kill(signal);
      const { status, stdout, stderr } = await program.ended;
      expect(stderr).toBe('');
      expect(status).toBe(0);
      expectSound(stdout);
    },
    30_000,
  );

  it.each(['2024', '2025'] as const)(
    'demo --port of a %s server: it ends with status 0 and leaves no connection open',
    async (generation) => {
      const server = await startZcachedServer({ generation });
      const { status, stdout, stderr } = await run(MAIN, [
        '--port',
        `${server.port}`,
        '--seconds',
        SECONDS,
        '--rate',
        '100',
      ]);
      expect(stderr).toBe('');
      expect(status).toBe(0);
      expectSound(stdout);
      expect(stdout).toContain(` s on zcached://127.0.0.1:${server.port}, 8 connections\n`);
      await until(() => server.connections === 0);
      await server.close();
    },
    30_000,
  );

  it('demo URL: it prints host and port only, not the options of the URL', async () => {
    const server = await startZcachedServer();
    const where = `zcached://127.0.0.1:${server.port}`;
    const url = `${where}?poolSize=3&requestTimeout=2000&strings=bytes&maps=object`;
    const { status, stdout, stderr } = await run(MAIN, [url, '--seconds', SECONDS, '--rate', '100']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expectSound(stdout);
    expect(stdout).toContain(` s on ${where}, 3 connections\n`);
    await server.close();
  }, 30_000);

  it('demo zcacheds URL: --ca makes the server trusted, without it the certificate is refused with status 1', async () => {
    const { ca, server: tls } = await makeCertificates();
    const server = await startZcachedServer({ tls });
    const folder = await mkdtemp(join(tmpdir(), 'rxpool-'));
    try {
      await writeFile(join(folder, 'ca.pem'), ca.cert);
      const url = `zcacheds://localhost:${server.port}`;
      const options = ['--seconds', SECONDS, '--rate', '100'];
      const { status, stdout, stderr } = await run(MAIN, [url, '--ca', join(folder, 'ca.pem'), ...options]);
      expect(stderr).toBe('');
      expect(status).toBe(0);
      expectSound(stdout);
      expect(stdout).toContain(` s on ${url}, 8 connections\n`);
      const refused = await run(MAIN, [url, ...options]);
      expect(refused.stderr).toMatch(/^demo: No connection to zcached at localhost:\d+: .*certificate.*\n$/);
      expect(refused.status).toBe(1);
    } finally {
      await rm(folder, { recursive: true });
      await server.close();
    }
  }, 30_000);

  it('demo: prints one line and exits with status 1 when no server listens', async () => {
    const port = await closedPort();
    const { status, stdout, stderr } = await run(MAIN, ['--port', `${port}`]);
    expect(stdout).toBe('');
    expect(stderr).toMatch(new RegExp(`^demo: No connection to zcached at 127.0.0.1:${port}: .*ECONNREFUSED.*\\n$`));
    expect(status).toBe(1);
  }, 30_000);

  it('demo: prints one line and exits with status 1 when another kind of server listens', async () => {
    const other = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const port = await listen(other);
    const { status, stderr } = await run(MAIN, ['--port', `${port}`]);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(status).toBe(1);
    other.close();
  }, 30_000);

  it('demo: ends when the reader of its output is gone', async () => {
    const program = new Program(MAIN, ['--seconds', '60', '--rate', '100']);
    await program.printed();
    program.process.stdout.destroy();
    const { stderr, signal } = await program.ended;
    expect({ stderr, signal }).toEqual({ stderr: '', signal: null });
  }, 30_000);
});
