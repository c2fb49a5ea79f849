/** A listener for the abort of a signal. */
export interface AbortWatcher {
  aborted(): void;
}

/**
 * One listener for each signal, however many requests share it. Node warns of a leak from the eleventh listener on, and
 * a signal that outlives a million requests must not hold any of them.
 */
class Watch {
  readonly watchers = new Set<AbortWatcher>();

  /** An `EventListenerObject` saves a function per signal. */
  handleEvent(event: Event): void {
    watches.delete(event.currentTarget as AbortSignal);
    for (const watcher of this.watchers) watcher.aborted();
  }
}

const watches = new WeakMap<AbortSignal, Watch>();

export function watchAbort(signal: AbortSignal, watcher: AbortWatcher): void {
  let watch = watches.get(signal);
  if (!watch) {
    watch = new Watch();
    watches.set(signal, watch);
    signal.addEventListener('abort', watch, { once: true });
  }
  watch.watchers.add(watcher);
}

export function unwatchAbort(signal: AbortSignal, watcher: AbortWatcher): void {
  const watch = watches.get(signal);
  if (!watch?.watchers.delete(watcher) || watch.watchers.size > 0) return;
  watches.delete(signal);
  signal.removeEventListener('abort', watch);
}

/** Calls `listener` when the signal aborts; the returned function removes it. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (!signal) return () => {};
  const watcher: AbortWatcher = { aborted: listener };
  watchAbort(signal, watcher);
  return () => unwatchAbort(signal, watcher);
}

/** Stops waiting for a promise when the signal aborts; the work behind the promise goes on. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    // The work may itself have aborted the signal.
    if (signal.aborted) reject(signal.reason);
    const stop = onAbort(signal, () => reject(signal.reason));
    promise.finally(stop).then(resolve, reject);
  });
}
