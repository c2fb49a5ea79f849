import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** The processes that a process has started and that still run. */
function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

/** Who runs a server that refuses to run as root: the account that Debian makes for it. */
export function accountOf(name: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (option: string): number => Number(execFileSync('id', [option, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** A server that runs as a process of the test's own, and can be killed, stopped and started again. */
export class ServerProcess {
  #child: ChildProcess | undefined;

  constructor(
    readonly program: string,
    readonly args: readonly string[],
    readonly account: { readonly uid?: number; readonly gid?: number } = {},
  ) {}

  get isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  start(): void {
    this.#child = spawn(this.program, this.args, { ...this.account, stdio: 'ignore' });
  }

  /** Stops the server and its children: connections stay, new ones are accepted by the kernel, and nothing is answered. */
  stop(): void {
    this.#signal('SIGSTOP');
  }

  continue(): void {
    this.#signal('SIGCONT');
  }

  /** Has the server read its configuration again. */
  reload(): void {
    this.#child?.kill('SIGHUP');
  }

  /** Resolves when the process is gone, and those that it had started. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    const exit = once(this.#child as ChildProcess, 'exit');
    this.#signal('SIGKILL');
    await exit;
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child as ChildProcess;
    if (pid === undefined) throw new Error(`${this.program} did not start`);
    for (const id of [pid, ...childrenOf(pid)]) {
      try {
        process.kill(id, signal);
      } catch {
        // A child that has ended meanwhile.
      }
    }
  }
}
