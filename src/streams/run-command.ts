import type { Subscriber } from 'rxjs';

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

/** Runs a user's command with a value and emits the value afterwards; what the command throws is the stream's error. */
export function runAndEmit<T>(command: (value: T) => unknown, value: T, subscriber: Subscriber<T>): void {
  runCommand(
    () => command(value),
    () => subscriber.next(value),
    (cause) => subscriber.error(cause),
  );
}
