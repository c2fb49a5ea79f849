import { execFile } from 'node:child_process';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { closedPort } from '../support/net-connection.js';
import { findPrograms } from './programs.js';
import { eventually, MAX_SESSIONS, PASSWORD, type RealServer, started } from './real-server.js';
import { accountOf, ServerProcess } from './server-process.js';

const ADMIN = { user: 'admin', password: 'battery-staple', database: 'postgres' };

/** Whom the clients of the pool log in as. */
export const USER = 'app';

/** Sessions that only an administrator may have. */
export const RESERVED = 3;

const OF_THE_POOL = `FROM pg_stat_activity WHERE usename = '${USER}'`;

/** PostgreSQL on a free loopback port, which does not wait for disks. */
export class PostgresServer implements RealServer {
  #admin: Client | undefined;

  private constructor(
    readonly port: number,
    readonly folder: string,
    readonly process: ServerProcess,
  ) {}

  static async open(maxSessions = MAX_SESSIONS): Promise<PostgresServer> {
    const { initdb, postgres } = findPrograms();
    const account = accountOf('postgres');
    const port = await closedPort();
    const folder = await mkdtemp(join(tmpdir(), 'rxpool-postgres-'));
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, ADMIN.password);
    if (account.uid !== undefined && account.gid !== undefined) {
      for (const path of [folder, passwordFile]) await chown(path, account.uid, account.gid);
    }
    const data = join(folder, 'data');
    const login = ['-U', ADMIN.user, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    await promisify(execFile)(initdb as string, ['-D', data, ...login, '--no-sync', '--no-locale'], {
      ...account,
      cwd: folder,
    });
    const settings = {
      port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: folder,
      max_connections: maxSessions,
      superuser_reserved_connections: RESERVED,
      fsync: 'off',
      shared_buffers: '16MB',
    };
    const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    const server = await started(
      new PostgresServer(port, folder, new ServerProcess(postgres as string, args, account)),
    );
    await server.#query(`CREATE ROLE ${USER} LOGIN PASSWORD '${PASSWORD}'`);
    return server;
  }

  async start(): Promise<void> {
    this.#admin = await eventually(async () => {
      // Where children of the one that was killed still run, it ends at once.
      if (!this.process.isRunning) this.process.start();
      const admin = new Client({ ...ADMIN, host: '127.0.0.1', port: this.port });
      admin.on('error', () => {});
      await admin.connect();
      return admin;
    });
  }

  async kill(): Promise<void> {
    await this.process.kill();
    await this.#admin?.end();
  }

  stop(): void {
    this.process.stop();
  }

  continue(): void {
    this.process.continue();
  }

  async cutOne(): Promise<boolean> {
    const rows = await this.#query(`SELECT pg_terminate_backend(pid) ${OF_THE_POOL} ORDER BY backend_start LIMIT 1`);
    return rows.length === 1;
  }

  async cutAll(): Promise<void> {
    await this.#query(`SELECT pg_terminate_backend(pid) ${OF_THE_POOL}`);
  }

  async sessions(): Promise<number> {
    const [row] = await this.#query(`SELECT count(*)::int AS sessions ${OF_THE_POOL}`);
    return row?.['sessions'] as number;
  }

  async setPassword(password: string): Promise<void> {
    await this.#query(`ALTER ROLE ${USER} PASSWORD '${password}'`);
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #query(text: string): Promise<readonly Record<string, unknown>[]> {
    return (await (this.#admin as Client).query<Record<string, unknown>>(text)).rows;
  }
}
