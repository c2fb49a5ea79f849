import type { Subscriber } from 'rxjs';

/**
 * Emitted by a policy when its command threw or rejected. The policy goes on, and calls the command again later. A pool
 * reports each one of its `policies` by the event `policy-failed`. `dnsAddresses()` and `dnsServices()` emit one for
 * each failed look-up, which a pool reports by `endpoints-failed`.
 * @example
 * ```ts
 * pool.connected$
 *   .pipe(recycle((due) => pool.renew({ connections: due }), { maxLifetime: 3_600_000 }))
 *   .subscribe((value) => {
 *     if (value instanceof CommandFailure) console.warn('not replaced yet', value.cause);
 *   });
 * ```
 */
export class CommandFailure {
  /** Tells it apart from the other events of an operator. */
  readonly type: string = 'command-failed';

  /** @param cause - the error of the command or the look-up. */
  constructor(readonly cause: unknown) {}
}

const isPromiseLike = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';

/** Runs a user's command, which may return a promise. Calls exactly one of `done` and `failed`. */
export function runCommand(command: () => unknown, done: () => void, failed: (cause: unknown) => void): void {
  let result: unknown;
  try {
    result = command();
    if (isPromiseLike(result)) {
      void Promise.resolve(result).then(done, failed);
      return;
    }
  } catch (cause) {
    failed(cause);
    return;
  }
  done();
}

/** Runs a user's command, then emits the value, or the failure of the command. */
export function runAndEmit<T>(command: () => unknown, value: T, subscriber: Subscriber<T | CommandFailure>): void {
  runCommand(
    command,
    () => subscriber.next(value),
    (cause) => subscriber.next(new CommandFailure(cause)),
  );
}
