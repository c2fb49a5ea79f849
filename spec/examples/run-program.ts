import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const REPOSITORY = path.resolve(__dirname, '../..');

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program under examples/ in a process of its own; killed if it does not end by itself. */
export class Program {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(file: string, args: readonly string[] = [], { timeout = 20_000, environment = {} } = {}) {
    const env = { ...process.env, FORCE_COLOR: undefined, NODE_OPTIONS: undefined, ...environment };
    const command = ['spec/package/run.mjs', `examples/${file}`, ...args];
    this.process = spawn(process.execPath, command, { cwd: REPOSITORY, env, timeout, killSignal: 'SIGKILL' });
    this.process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.process, 'close').then(([status, signal]) => {
      return { status, signal, stdout: this.stdout, stderr: this.stderr };
    });
  }

  /** Resolves once it has printed something. */
  async printed(): Promise<void> {
    if (this.stdout === '') await once(this.process.stdout, 'data');
  }
}

export const run = (file: string, args?: readonly string[], environment = {}): Promise<Ended> =>
  new Program(file, args, { environment }).ended;
