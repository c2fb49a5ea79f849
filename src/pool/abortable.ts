import { onAbort } from '../abort.js';

/** Stops waiting for a promise when the signal aborts; what was waited for goes on. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    // What was begun may itself have aborted it.
    if (signal.aborted) reject(signal.reason);
    const stop = onAbort(signal, () => reject(signal.reason));
    promise.finally(stop).then(resolve, reject);
  });
}
