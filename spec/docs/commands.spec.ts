import { type ExecFileException, execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** Commands of the project: a wrong word or option, and what the error says of it. */
const COMMANDS: Readonly<Record<string, readonly [wrong: string, message: string]>> = {
  api: ['--chek', 'api: unknown option --chek; did you mean --check?'],
  'api:check': ['reports', 'api: unknown word "reports"; --help lists those there are'],
  bench: ['memroy', 'bench: unknown word "memroy"; did you mean memory?'],
  build: ['--watch', 'build: unknown option --watch; --help lists those there are'],
  'check:package': ['brouser', 'check:package: no title has "brouser" in it; did you mean browser?'],
  demo: ['--sise', 'demo: unknown option --sise; did you mean --size?'],
  'demo:angular': ['--port', 'demo:angular: unknown option --port; --help lists those there are'],
  'demo:nestjs': ['--telemetri', 'demo:nestjs: unknown option --telemetri; did you mean --telemetry?'],
  docs: ['--chek', 'docs: unknown option --chek; did you mean --check?'],
  example: ['01-quik-start', 'example: unknown word "01-quik-start"; did you mean 01-quick-start?'],
  fuzz: ['many', 'fuzz: COUNT must be an integer of at least 1, got "many"'],
  stress: ['strom', 'stress: unknown word "strom"; did you mean storm?'],
  'test:angular': ['23', 'test:angular: unknown word "23"; did you mean 20?'],
  'test:long': ['servers', 'test:long: unknown word "servers"; --help lists those there are'],
  'test:types': ['portible', 'test:types: no title has "portible" in it; did you mean portable?'],
  'test:worlds': ['26', 'test:worlds: unknown word "26"; did you mean 20?'],
  unused: ['--fix', 'unused: unknown option --fix; --help lists those there are'],
};

/** What reads its own arguments: a tool of others, or npm, which runs it by itself. */
const OTHERS = /^(jest|tsc|biome|changeset|depcruise|size-limit)\b/;
const LIFECYCLE = ['prepare', 'prepack'];

interface Ended {
  readonly status: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs what npm would, with an argument. */
function run(name: string, argument: string): Promise<Ended> {
  const [, ...args] = `${scripts[name]} ${argument}`.split(' ');
  return new Promise((resolve) => {
    const ended = (error: ExecFileException | null, stdout: string, stderr: string): void =>
      resolve({ status: error ? error.code : 0, stdout, stderr });
    execFile(process.execPath, args, { cwd: ROOT, timeout: 20_000, killSignal: 'SIGKILL' }, ended);
  });
}

describe('commands of package.json', () => {
  it('every script is a command of the project, a tool of others, or run by npm itself', () => {
    const own = Object.keys(scripts).filter((name) => !OTHERS.test(scripts[name] ?? '') && !LIFECYCLE.includes(name));
    expect(own.sort()).toEqual(Object.keys(COMMANDS).sort());
    expect(own.filter((name) => !scripts[name]?.startsWith('node spec/package/run.mjs '))).toEqual([]);
  });

  it.each(Object.keys(COMMANDS))('npm run %s -- --help prints what it does and ends with status 0', async (name) => {
    const { status, stdout, stderr } = await run(name, '--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/npm run [\w:]+/);
    expect(stdout).toMatch(/Exit status: /);
  });

  it.each(Object.entries(COMMANDS))('npm run %s with %j ends with status 2', async (name, [wrong, message]) => {
    expect(await run(name, wrong)).toEqual({ status: 2, stdout: '', stderr: `${message}\n` });
  });
});
