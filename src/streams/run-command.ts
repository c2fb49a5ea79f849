import type { Subscriber } from 'rxjs';

/**
 * What a policy emits when its command threw or rejected. The policy goes on, and calls the command again. A pool tells
 * of each such value of its `policies` by the event `policy-failed`. `dnsAddresses()` and `dnsServices()` emit one for a
 * failed look-up, which a pool tells by `endpoints-failed`.
 *
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
  /** What tells it from the other events of an operator. */
  readonly type: string = 'command-failed';

  /** @param cause - what the command, or the look-up, threw or rejected with. */
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

/** Runs a user's command, and emits the value afterwards, or how the command failed. */
export function runAndEmit<T>(command: () => unknown, value: T, subscriber: Subscriber<T | CommandFailure>): void {
  runCommand(
    command,
    () => subscriber.next(value),
    (cause) => subscriber.next(new CommandFailure(cause)),
  );
}
