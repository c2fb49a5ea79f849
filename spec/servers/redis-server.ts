import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { closedPort } from '../support/net-connection.js';
import { findPrograms } from './programs.js';
import { eventually, MAX_SESSIONS, PASSWORD, type RealServer, started } from './real-server.js';
import { ServerProcess } from './server-process.js';

const ADMIN = { username: 'admin', password: 'battery-staple' };

function createAdmin(port: number) {
  const client = createClient({ ...ADMIN, socket: { port, host: '127.0.0.1', reconnectStrategy: false } });
  client.on('error', () => {});
  return client;
}

/** Redis on a free loopback port, without persistence. The pool logs in as the default user. */
export class RedisServer implements RealServer {
  #admin: ReturnType<typeof createAdmin> | undefined;

  private constructor(
    readonly port: number,
    readonly folder: string,
    readonly process: ServerProcess,
  ) {}

  /** @param more - other settings. */
  static async open(maxSessions = MAX_SESSIONS, more: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
    const port = await closedPort();
    const folder = await mkdtemp(join(tmpdir(), 'rxpool-redis-'));
    const settings = {
      port,
      bind: '127.0.0.1',
      dir: folder,
      save: '',
      appendonly: 'no',
      maxclients: maxSessions,
      requirepass: PASSWORD,
      ...more,
    };
    const admin = ['--user', ADMIN.username, 'on', `>${ADMIN.password}`, '~*', '&*', '+@all'];
    const args = [...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]), ...admin];
    return await started(
      new RedisServer(port, folder, new ServerProcess(findPrograms()['redis-server'] as string, args)),
    );
  }

  async start(): Promise<void> {
    this.process.start();
    this.#admin = await eventually(async () => {
      const admin = createAdmin(this.port);
      await admin.connect();
      return admin;
    });
  }

  async kill(): Promise<void> {
    await this.process.kill();
    this.#admin?.destroy();
  }

  stop(): void {
    this.process.stop();
  }

  continue(): void {
    this.process.continue();
  }

  async cutOne(): Promise<boolean> {
    const [id] = await this.#ids();
    if (id === undefined) return false;
    return (await this.#command('CLIENT', 'KILL', 'ID', id)) === 1;
  }

  async cutAll(): Promise<void> {
    await this.#command('CLIENT', 'KILL', 'USER', 'default');
  }

  async sessions(): Promise<number> {
    return (await this.#ids()).length;
  }

  async setPassword(password: string): Promise<void> {
    await this.#command('CONFIG', 'SET', 'requirepass', password);
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #ids(): Promise<string[]> {
    const list = String(await this.#command('CLIENT', 'LIST'));
    return list
      .split('\n')
      .filter((line) => / user=default /.test(line))
      .map((line) => /^id=(\d+)/.exec(line)?.[1] as string);
  }

  async #command(...words: string[]): Promise<unknown> {
    return await this.#admin?.sendCommand(words);
  }
}
