/** Milliseconds after which the next attempt begins beside those under way. */
const STAGGER = 250;

/** Runs work once after a delay; the returned function cancels it. */
type After = (delay: number, work: () => void) => () => void;

/**
 * Returns the first of several attempts that succeeds. The next attempt begins when one has failed or takes long; the
 * slow one goes on. The signal of an attempt aborts when another has succeeded, or when `signal` aborts.
 *
 * @param undo - called with the result of an attempt that succeeded later.
 * @throws the failure of the last attempt that reached its server, or else of the last attempt.
 */
export function firstSuccess<T>(
  attempts: readonly ((signal: AbortSignal) => Promise<T>)[],
  { signal, after, undo }: { readonly signal: AbortSignal; readonly after: After; undo(result: T): void },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    let begun = 0;
    let running = 0;
    let failure: unknown;
    let cancel = (): void => {};
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      controller.abort(signal.reason);
    };
    const begin = (): void => {
      cancel();
      const attempt = attempts[begun];
      if (!attempt) return;
      begun++;
      running++;
      if (begun < attempts.length) cancel = after(STAGGER, begin);
      attempt(controller.signal).then(
        (result) => {
          if (controller.signal.aborted) undo(result);
          else {
            resolve(result);
            end();
          }
        },
        (error: unknown) => {
          running--;
          if (failure === undefined || !isUnreached(error)) failure = error;
          if (!controller.signal.aborted) begin();
          if (running > 0) return;
          end();
          reject(failure);
        },
      );
    };
    signal.addEventListener('abort', end, { once: true });
    begin();
  });
}

/** Whether an attempt failed before its socket was connected. */
function isUnreached(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly syscall?: unknown } };
  return cause?.syscall === 'connect';
}
