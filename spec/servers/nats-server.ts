import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { closedPort } from '../support/net-connection.js';
import { findPrograms } from './programs.js';
import { eventually, MAX_SESSIONS, PASSWORD, type RealServer, started } from './real-server.js';
import { ServerProcess } from './server-process.js';

/** Whom the clients of the pool log in as. */
export const USER = 'app';

const ADMIN = { user: 'admin', pass: 'battery-staple' };

/** The sessions of this server that are no clients of the pool: the service that answers. */
const OWN_SESSIONS = 1;

/** NATS on a free loopback port, with a service that sends each text on `echo` back. */
export class NatsServer implements RealServer {
  #service: NatsConnection | undefined;

  private constructor(
    readonly port: number,
    readonly monitor: number,
    readonly folder: string,
    readonly process: ServerProcess,
  ) {}

  static async open(): Promise<NatsServer> {
    const [port, monitor] = [await closedPort(), await closedPort()];
    const folder = await mkdtemp(join(tmpdir(), 'rxpool-nats-'));
    const args = ['-c', join(folder, 'nats.conf'), '-a', '127.0.0.1', '-p', `${port}`, '-m', `${monitor}`];
    const server = new NatsServer(
      port,
      monitor,
      folder,
      new ServerProcess(findPrograms()['nats-server'] as string, args),
    );
    await server.#configure(PASSWORD);
    return await started(server);
  }

  async start(): Promise<void> {
    this.process.start();
    this.#service = await eventually(() =>
      connect({ servers: `127.0.0.1:${this.port}`, ...ADMIN, reconnect: false, timeout: 1_000 }),
    );
    this.#service.subscribe('echo', {
      callback: (_error, message) => {
        message.respond(message.data);
      },
    });
    await this.#service.flush();
  }

  async kill(): Promise<void> {
    await this.process.kill();
    await this.#service?.close();
  }

  stop(): void {
    this.process.stop();
  }

  continue(): void {
    this.process.continue();
  }

  async sessions(): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.monitor}/connz`);
    return ((await answer.json()) as { readonly num_connections: number }).num_connections - OWN_SESSIONS;
  }

  /** A reload ends the sessions of users whose password has changed. */
  async setPassword(password: string): Promise<void> {
    await this.#configure(password);
    this.process.reload();
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #configure(password: string): Promise<void> {
    const users = [`{ user: ${ADMIN.user}, password: ${ADMIN.pass} }`, `{ user: ${USER}, password: ${password} }`];
    const text = `max_connections: ${MAX_SESSIONS}\nauthorization { users: [${users.join(', ')}] }\n`;
    await writeFile(join(this.folder, 'nats.conf'), text);
  }
}
