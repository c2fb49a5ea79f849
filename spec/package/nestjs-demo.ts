// Starts examples/nestjs-app, a program with packages of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { runCommand } from './command.js';

const help = `usage: npm run demo:nestjs -- [--telemetry]
Builds and starts examples/nestjs-app, an application of NestJS that has a pool. Installs what is missing.
examples/README.md lists its routes.

  --telemetry    writes metrics and spans of OpenTelemetry to the console; by default it does not

Environment: PORT, where it listens (3000; 0 for a free one); ZCACHED_URL, a server of yours (one runs in the process);
LATENCY, milliseconds that the server in the process takes for a reply (0); START_TIMEOUT, milliseconds that the pool has
to be ready in (10000).
It runs until it is interrupted. Exit status: that of the application, 2 for wrong arguments.
`;

runCommand({ name: 'demo:nestjs', help, options: { telemetry: 'boolean' }, words: [] }, async ({ options }) => {
  const args = ['--prefix', 'examples/nestjs-app', 'run', '--silent', 'demo', '--'];
  if (options['telemetry']) args.push('--telemetry');
  const child = spawn('npm', args, { stdio: 'inherit' });
  // A terminal sends it to the application as well, which ends in its own way.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 1;
});
