// Starts an application in examples/, a program with packages of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { runCommand, UsageError } from './command.js';

interface Application {
  readonly folder: string;
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
    help: `usage: npm run demo:nestjs -- [--telemetry]
Builds and starts examples/nestjs-app, an application of NestJS that has a pool. Installs what is missing.
examples/guide/nestjs.md lists its routes.

  --telemetry    writes metrics and spans of OpenTelemetry to the console; by default it does not

${ENVIRONMENT}`,
    options: ['telemetry'],
  },
  'demo:angular': {
    folder: 'examples/angular-dashboard',
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
const { folder, help, options: known } = application;
const options = Object.fromEntries(known.map((option) => [option, 'boolean' as const]));

runCommand({ name, help, options, words: [] }, async ({ options }) => {
  const args = [
    '--prefix',
    folder,
    'run',
    '--silent',
    'demo',
    '--',
    ...Object.keys(options).map((each) => `--${each}`),
  ];
  // A group of its own: npm and the shell that it starts pass no signal on, and the application ends in its own way.
  const child = spawn('npm', args, { stdio: 'inherit', detached: process.platform !== 'win32' });
  const group = child.pid && (process.platform === 'win32' ? child.pid : -child.pid);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => group && process.kill(group, signal));
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 1;
});
