import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { until } from '../support/until.js';
import { FOLDERS } from './folders.js';

export type Major = keyof typeof FOLDERS;

/** How an application is started. */
export interface Launch {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const running = new Set<ChildProcess>();

/** One process of the example application, at a free port. */
export class Application {
  readonly #process: ChildProcess;
  #output = '';

  private constructor(major: Major, { args = [], env = {} }: Launch) {
    const main = path.join(process.env[FOLDERS[major]] as string, 'main.js');
    this.#process = spawn(process.execPath, [main, ...args], { env: { ...process.env, PORT: '0', ...env } });
    running.add(this.#process);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  /** One that may not come up. */
  static launch(major: Major, launch: Launch = {}): Application {
    return new Application(major, launch);
  }

  /** One that listens. */
  static async start(major: Major, launch: Launch = {}): Promise<Application> {
    const application = new Application(major, launch);
    await until(() => application.#port !== undefined || application.hasEnded);
    if (application.hasEnded) throw new Error(`It ended: ${application.output}`);
    return application;
  }

  /** Kills those that a failed test has left behind. */
  static killAll(): void {
    for (const each of running) each.kill('SIGKILL');
    running.clear();
  }

  /** What it has written so far. */
  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  get #port(): string | undefined {
    return /Listening at .*:(\d+)/.exec(this.#output)?.[1];
  }

  url(route: string): string {
    return `http://127.0.0.1:${this.#port}${route}`;
  }

  get(route: string): Promise<Response> {
    return fetch(this.url(route));
  }

  async post(route: string): Promise<void> {
    const response = await fetch(this.url(route), { method: 'POST' });
    if (!response.ok) throw new Error(`${route}: ${response.status}`);
  }

  /** Asks it to end, as a platform does. */
  terminate(): void {
    this.#process.kill('SIGTERM');
  }

  /** Its status, once it has ended by itself. */
  async ended(): Promise<number | null> {
    if (!this.hasEnded) await once(this.#process, 'exit');
    running.delete(this.#process);
    return this.#process.exitCode;
  }
}
