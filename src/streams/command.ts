import type { Subscriber } from 'rxjs';

const isPromiseLike = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';

/** Gives a command, which may return a promise; exactly one of the two hears how it ended. */
export function give(command: () => unknown, done: () => void, failed: (cause: unknown) => void): void {
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

/** Gives a command that fails only by mistake, and tells `subscriber` of what it was given for. */
export function carryOut<T>(command: (value: T) => unknown, value: T, subscriber: Subscriber<T>): void {
  give(
    () => command(value),
    () => subscriber.next(value),
    (cause) => subscriber.error(cause),
  );
}
