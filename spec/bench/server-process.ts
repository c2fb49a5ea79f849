import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A server in a process of its own. */
export interface ServerProcess {
  readonly port: number;
  /** Sends a signal to the process; without one it ends. */
  signal(name?: NodeJS.Signals): void;
}

/** Starts a program of this folder that prints its port. */
export async function startServer(program: string, ...args: readonly string[]): Promise<ServerProcess> {
  const command = [join('spec', 'package', 'run.mjs'), join('spec', 'bench', program), ...args];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(port), signal: (name) => child.kill(name) };
}
