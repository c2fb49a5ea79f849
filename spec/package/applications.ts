// Starts an application in examples/, a program with packages of its own.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { runCommand, UsageError } from './command.js';

interface Application {
  readonly folder: string;
  /** What is run in the folder, once `npm run build` has built it. */
  readonly program: readonly string[];
  readonly help: string;
  /** Options that it is given as they are. */
  readonly options: readonly string[];
}

const ENVIRONMENT = `Environment: PORT, where it listens (3000; 0 for a free one); ZCACHED_URL, a server of yours (one runs in the process);
LATENCY, milliseconds that a server in the process takes for a reply (some); START_TIMEOUT, milliseconds that the pool has
to be ready in (10000).
It runs until it is interrupted. Exit status: that of the application, 2 for wrong arguments.
`;

const APPLICATIONS: Readonly<Record<string, Application>> = {
  'demo:nestjs': {
    folder: 'examples/nestjs-app',
    program: ['dist/main.js', '--demo'],
    help: `usage: npm run demo:nestjs -- [--telemetry]
Builds and starts examples/nestjs-app, an application of NestJS that has a pool. Installs what is missing.
examples/guide/nestjs.md lists its routes.

  --telemetry    writes metrics and spans of OpenTelemetry to the console; by default it does not

${ENVIRONMENT}`,
    options: ['telemetry'],
  },
  'demo:angular': {
    folder: 'examples/angular-dashboard',
    program: ['demo.mjs'],
    help: `usage: npm run demo:angular
Builds examples/angular-dashboard, and starts the application of NestJS that serves it: open http://localhost:3000 in a
browser. Installs what is missing.

${ENVIRONMENT}`,
    options: [],
  },
};

const [name = ''] = process.argv.splice(2, 1);
const application = APPLICATIONS[name];
if (!application) throw new UsageError(`no command that starts an application is called ${name}`);
const { folder, program, help, options: known } = application;
const options = Object.fromEntries(known.map((option) => [option, 'boolean' as const]));

runCommand({ name, help, options, words: [] }, async ({ options }) => {
  const built = spawnSync('npm', ['--prefix', folder, 'run', '--silent', 'build'], { stdio: 'inherit' });
  if (built.status !== 0) return built.status ?? 1;
  // Not by npm, which passes signals to the shell that it starts, and no further.
  const args = [...program, ...Object.keys(options).map((each) => `--${each}`)];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: 'inherit' });
  // A terminal sends it to the application as well, which ends in its own way.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 1;
});
