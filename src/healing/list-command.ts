import type { SchedulerLike, Subscriber } from 'rxjs';
import { CommandFailure, runCommand } from '../streams/run-command.js';
import type { Backoff } from './backoff.js';
import { BackoffGate } from './backoff-gate.js';

/** A command over connections. A failure is emitted, and the command is called again after the backoff. */
export class ListCommand<C> {
  readonly #command: (connections: readonly C[]) => unknown;
  readonly #subscriber: Subscriber<readonly C[] | CommandFailure>;
  readonly #gate: BackoffGate;

  /** @param retry - called when the backoff has passed; runs the command with what is due by then. */
  constructor(
    command: (connections: readonly C[]) => unknown,
    subscriber: Subscriber<readonly C[] | CommandFailure>,
    { backoff, scheduler }: { readonly backoff: Backoff; readonly scheduler: SchedulerLike },
    retry: () => void,
  ) {
    this.#command = command;
    this.#subscriber = subscriber;
    this.#gate = new BackoffGate(backoff, scheduler, subscriber, retry);
  }

  /** Whether the command has failed and its backoff has not passed: it must not run. */
  get isBackingOff(): boolean {
    return this.#gate.isClosed;
  }

  /**
   * Runs the command, and emits the connections when it has succeeded.
   *
   * @param ended - called before anything is emitted, with whether it succeeded.
   */
  run(connections: readonly C[], ended: (ok: boolean) => void): void {
    runCommand(
      () => this.#command(connections),
      () => {
        if (this.#subscriber.closed) return;
        // After a failure of another call, the work of that call is still to be done.
        if (!this.#gate.isClosed) this.#gate.reset();
        ended(true);
        this.#subscriber.next(connections);
      },
      (cause) => this.#failed(cause, ended),
    );
  }

  cancel(): void {
    this.#gate.cancel();
  }

  #failed(cause: unknown, ended: (ok: boolean) => void): void {
    if (this.#subscriber.closed) return;
    ended(false);
    this.#gate.close();
    this.#subscriber.next(new CommandFailure(cause));
  }
}
