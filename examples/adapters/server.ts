// Starts a server of this machine for an example, on a free port, and stops it when the example is over.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a server is started, given a port and a folder that is its own. */
interface Program {
  /** Packages of Debian have this name, too. */
  readonly name: string;
  readonly args: (port: number, folder: string) => readonly string[];
  /** Run once before, with the folder. */
  readonly prepare?: { readonly name: string; readonly args: (folder: string) => readonly string[] };
  /** Who runs it, where the example is run by root. */
  readonly user?: string;
}

export const REDIS: Program = {
  name: 'redis-server',
  args: (port, folder) => ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
};

/** One node of a cluster, which goes on serving its own slots when another is gone. */
export const REDIS_CLUSTER_NODE: Program = {
  name: 'redis-server',
  args: (port, folder) => [
    ...REDIS.args(port, folder),
    ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-port', `${busPortOf(port)}`],
    ...['--cluster-node-timeout', '1000', '--cluster-require-full-coverage', 'no'],
  ],
};

/** Where the nodes of a cluster talk to each other: by default 10,000 higher, which may be no port. */
export const busPortOf = (port: number): number => port - 10_000;

export const POSTGRESQL: Program = {
  name: 'postgres',
  prepare: { name: 'initdb', args: (folder) => ['-D', `${folder}/data`, '-U', 'app', '--auth=trust', '--no-sync'] },
  args: (port, folder) => ['-D', `${folder}/data`, '-p', `${port}`, '-h', '127.0.0.1', '-k', folder],
  user: 'postgres',
};

export const NATS: Program = {
  name: 'nats-server',
  args: (port) => ['-p', `${port}`, '-a', '127.0.0.1'],
};

/** Where Debian puts servers, besides the path. */
function find(name: string): string {
  const postgres = '/usr/lib/postgresql';
  const versions = existsSync(postgres) ? readdirSync(postgres).map((version) => join(postgres, version, 'bin')) : [];
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', ...versions];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found) return found;
  console.error(`This example starts ${name}, which is not on this machine (Debian: apt-get install redis-server,`);
  console.error('postgresql or nats-server).');
  process.exit(3);
}

const accountOf = (user: string): { readonly uid: number; readonly gid: number } => ({
  uid: Number(execFileSync('id', ['-u', user])),
  gid: Number(execFileSync('id', ['-g', user])),
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** What an example can do to its server. */
export interface RunningServer {
  readonly port: number;
  /** SIGKILL, and the same server again. Resolves when it accepts connections. */
  restart(): Promise<void>;
  /** SIGKILL alone. */
  kill(): Promise<void>;
}

/** Runs `work` beside a server, and ends the server whatever comes of it. */
export async function withServer(program: Program, work: (server: RunningServer) => Promise<void>): Promise<void> {
  const { name, prepare, user } = program;
  const [file, first] = [find(name), prepare && find(prepare.name)];
  const account = user && process.getuid?.() === 0 ? accountOf(user) : undefined;
  const folder = mkdtempSync(join(tmpdir(), 'rxpool-example-'));
  if (account) chownSync(folder, account.uid, account.gid);
  const port = await freePort();
  let child: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const start = async (): Promise<void> => {
    while (!(await accepts(port))) {
      // PostgreSQL ends at once while processes of the one that was killed still run.
      if (!child || child.exitCode !== null || child.signalCode !== null) {
        child = spawn(file, program.args(port, folder), { ...account, cwd: folder, stdio: 'ignore' });
      }
      await sleep(20);
    }
  };
  try {
    if (first && prepare) execFileSync(first, prepare.args(folder), { ...account, cwd: folder, stdio: 'ignore' });
    await start();
    await work({
      port,
      kill: stop,
      restart: async () => {
        await stop();
        await start();
      },
    });
  } finally {
    await stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
