import { HELP, parseOptions } from '../../examples/demo/options.js';
import { UsageError } from '../../examples/demo/usage-error.js';
import { run } from './run-program.js';

const MAIN = 'demo/main.ts';

describe("The demo's options", () => {
  it('are all optional', () => {
    expect(parseOptions([])).toEqual({ server: undefined, size: 8, seconds: 12, rate: 2_000 });
  });

  it('can all be given', () => {
    const args = ['--host', 'cache', '--port=7000', '--size', '3', '--seconds', '60', '--rate', '10'];
    expect(parseOptions(args)).toEqual({ server: { host: 'cache', port: 7_000 }, size: 3, seconds: 60, rate: 10 });
  });

  it('take either of host and port for a real server', () => {
    expect(parseOptions(['--host', 'cache'])).toMatchObject({ server: { host: 'cache', port: 7_556 } });
    expect(parseOptions(['--port', '7000'])).toMatchObject({ server: { host: '127.0.0.1', port: 7_000 } });
  });

  it('are told by --help and -h, with the values they have by themselves', async () => {
    expect(parseOptions(['--help'])).toBe('help');
    const { status, stdout, stderr } = await run(MAIN, ['-h']);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: HELP, stderr: '' });
    for (const option of ['--size', '--rate', '--seconds', '--host', '--port'])
      expect(stdout).toContain(`  ${option} `);
    expect(stdout).toContain('(2000)');
  });

  it.each([
    [['--size', 'many'], '--size must be an integer from 1 to 1000, got "many"'],
    [['--size', '0'], '--size must be an integer from 1 to 1000, got "0"'],
    [['--size', '-3'], '--size must be an integer from 1 to 1000, got "-3"'],
    [['--size', '1.5'], '--size must be an integer from 1 to 1000, got "1.5"'],
    [['--rate', '1e3'], '--rate must be an integer from 1 to 50000, got "1e3"'],
    [['--rate'], '--rate must be an integer from 1 to 50000, got nothing'],
    [['--seconds='], '--seconds must be an integer from 1 to 86400, got ""'],
    [['--port', '70000'], '--port must be an integer from 1 to 65535, got "70000"'],
    [['--host', ' '], '--host must be a name or an address, got " "'],
    [['--help=me'], '--help takes no value, got "me"'],
    [['--speed', '3'], 'unknown option --speed; --help lists those there are'],
    [['--toString'], 'unknown option --toString; --help lists those there are'],
    [['-x'], 'unknown option -x; --help lists those there are'],
    [['fast'], 'unexpected argument "fast"'],
  ])('%j cannot be', (args, message) => {
    expect(() => parseOptions(args)).toThrow(new UsageError(message));
  });

  it('that cannot be are answered with one line and status 2', async () => {
    const { status, stdout, stderr } = await run(MAIN, ['--size', 'many']);
    expect(stderr).toBe('demo: --size must be an integer from 1 to 1000, got "many"\n');
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});
