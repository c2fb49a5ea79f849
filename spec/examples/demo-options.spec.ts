import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HELP, parseOptions } from '../../examples/demo/options.js';
import { UsageError } from '../package/command.js';
import { makeCertificates } from '../support/certificates.js';
import { run } from './run-program.js';

const MAIN = 'demo/main.ts';

const TLS_NEEDS_A_NAME = 'TLS to an address needs the name in its certificate: zcacheds://ADDRESS?servername=NAME';

describe("The demo's options", () => {
  it('demo options: all have defaults', () => {
    expect(parseOptions([])).toEqual({ server: undefined, size: 8, seconds: 12, rate: 2_000 });
  });

  it('demo options: all can be given', () => {
    const args = ['--host', 'cache', '--port=7000', '--size', '3', '--seconds', '60', '--rate', '10'];
    expect(parseOptions(args)).toEqual({ server: { host: 'cache', port: 7_000 }, size: 3, seconds: 60, rate: 10 });
  });

  it('demo options: --host or --port alone selects an external server', () => {
    expect(parseOptions(['--host', 'cache'])).toMatchObject({ server: { host: 'cache', port: 7_556 } });
    expect(parseOptions(['--port', '7000'])).toMatchObject({ server: { host: '127.0.0.1', port: 7_000 } });
  });

  it.each([
    ['zcached://cache', { host: 'cache' }],
    ['zcached://[::1]:7000', { host: '::1', port: 7_000 }],
    ['zcached:///run/zcached.sock', { path: '/run/zcached.sock' }],
    ['zcached://cache?requestTimeout=500&pipelining=4', { host: 'cache', requestTimeout: 500, pipelining: 4 }],
    ['zcacheds://cache', { host: 'cache', tls: { servername: 'cache' } }],
    ['zcacheds://10.0.0.5?servername=cache', { host: '10.0.0.5', tls: { servername: 'cache' } }],
    ['zcacheds:///run/zcached.sock', { path: '/run/zcached.sock', tls: { servername: 'localhost' } }],
    // As the relay is there as well, the certificate can be for that address.
    ['zcacheds://127.0.0.1', { host: '127.0.0.1', tls: {} }],
  ])('demo options: %s selects an external server', (url, server) => {
    expect(parseOptions([url])).toEqual({ server, size: 8, seconds: 12, rate: 2_000 });
  });

  it('demo options: poolSize of a URL is the size unless --size is given', () => {
    expect(parseOptions(['zcached://cache?poolSize=3'])).toMatchObject({ size: 3 });
    expect(parseOptions(['zcached://cache?poolSize=3', '--size', '5'])).toMatchObject({ size: 5 });
  });

  it('demo options: --ca reads certificates from a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rxpool-'));
    const [good, bad] = [join(folder, 'ca.pem'), join(folder, 'bad.pem')];
    try {
      const { ca } = await makeCertificates();
      writeFileSync(good, ca.cert);
      expect(parseOptions(['zcacheds://cache', '--ca', good])).toMatchObject({ server: { tls: { ca: ca.cert } } });
      writeFileSync(bad, 'in confidence');
      for (const file of [bad, join(folder, 'none.pem'), folder]) {
        const parse = () => parseOptions(['zcacheds://cache', '--ca', file]);
        expect(parse).toThrow(UsageError);
        expect(parse).toThrow(/^--ca must be a file of certificates in PEM, got "[^\n]*: E\w+$/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('demo options: --help and -h print all of them with their defaults', async () => {
    expect(parseOptions(['--help'])).toBe('help');
    const { status, stdout, stderr } = await run(MAIN, ['-h']);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: HELP, stderr: '' });
    for (const option of ['URL', '--size', '--rate', '--seconds', '--host', '--port', '--ca'])
      expect(stdout).toContain(`  ${option} `);
    expect(stdout).toContain('(2000)');
  });

  it.each([
    [['--size', 'many'], '--size must be an integer from 1 to 1000, got "many"'],
    [['--size', '0'], '--size must be an integer from 1 to 1000, got "0"'],
    [['--size', '-3'], '--size must be an integer from 1 to 1000, got "-3"'],
    [['--size', '1.5'], '--size must be an integer from 1 to 1000, got "1.5"'],
    [['--rate', '1e3'], '--rate must be an integer from 1 to 50000, got "1e3"'],
    [['--rate'], '--rate needs a value, got nothing'],
    [['--seconds='], '--seconds needs a value, got ""'],
    [['--port', '70000'], '--port must be an integer from 1 to 65535, got "70000"'],
    [['--host', ' '], '--host must be a name or an address, got " "'],
    [['--help=me'], '--help takes no value, got "me"'],
    [['--speed', '3'], 'unknown option --speed; --help lists those there are'],
    [['--sizes', '3'], 'unknown option --sizes; did you mean --size?'],
    [['--toString'], 'unknown option --toString; --help lists those there are'],
    [['-x'], 'unknown option -x; --help lists those there are'],
    [['--host', 'zcached://me:secret@cache'], '--host must be a name or an address, got more than that'],
    [['fast'], 'The form of the URL must be zcached://host:port'],
    [['redis://cache'], 'The scheme of the URL must be zcached or zcacheds'],
    [['zcached://me:secret@cache'], 'The user information of the URL must be left out: there is no login'],
    [['zcached://cache?poolSize=2000'], '--size must be an integer from 1 to 1000, got "2000"'],
    [['zcached://a', 'zcached://me:secret@b'], 'one URL is all it takes, got 2 arguments'],
    [['zcached://cache', '--port', '7000'], '--port and a URL both say where: give one of them'],
    [['--host', 'cache', 'zcacheds://cache'], '--host and a URL both say where: give one of them'],
    [['zcacheds://10.0.0.5'], TLS_NEEDS_A_NAME],
    [['zcacheds://[::1]'], TLS_NEEDS_A_NAME],
    [['--ca', 'ca.pem'], '--ca goes with a URL that begins with zcacheds:'],
    [['zcached://cache', '--ca', 'ca.pem'], '--ca goes with a URL that begins with zcacheds:'],
    [['zcacheds://cache', '--ca'], '--ca needs a value, got nothing'],
  ])('demo options: %j is refused', (args, message) => {
    expect(() => parseOptions(args)).toThrow(new UsageError(message));
  });

  it('demo options: a wrong one prints one line and ends with status 2', async () => {
    const { status, stdout, stderr } = await run(MAIN, ['zcached://cache?token=secret']);
    expect(stderr).toMatch(/^demo: The parameter 1 of the URL must be one of [\w, ]+\n$/);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});
