import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { until } from '../support/until.js';

/** The server that pages are connected to: it answers each message with the same text. */
export class EchoServer {
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  /** How many connections it has been asked for. */
  accepted = 0;
  answered = 0;

  static async start(): Promise<EchoServer> {
    const echo = new EchoServer();
    await once(echo.#server, 'listening');
    return echo;
  }

  private constructor() {
    this.#server.on('connection', (socket) => {
      this.accepted++;
      socket.on('message', (text) => {
        this.answered++;
        socket.send(`${text}`);
      });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get sockets(): readonly WebSocket[] {
    return [...this.#server.clients];
  }

  cutAll(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  async close(): Promise<void> {
    this.cutAll();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** One of the two applications, served by a process of its own. */
export class Site {
  readonly #process: ChildProcess;
  #output = '';

  static async start(application: 'zoneless' | 'zone'): Promise<Site> {
    const site = new Site(application);
    await until(() => site.#url !== undefined || site.#process.exitCode !== null);
    if (site.#url === undefined) throw new Error(`It ended: ${site.output}`);
    return site;
  }

  private constructor(application: string) {
    this.#process = spawn(process.execPath, [path.resolve('spec/e2e/angular-app/serve.mjs'), application]);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  /** What it has written so far. */
  get output(): string {
    return this.#output;
  }

  get #url(): string | undefined {
    return /Listening at (\S+)/.exec(this.#output)?.[1];
  }

  /** The page that is connected to a server. */
  url({ port }: EchoServer): string {
    return `${this.#url}/?port=${port}`;
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, 'exit');
  }
}
