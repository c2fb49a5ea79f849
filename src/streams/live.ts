import { Observable, Subject } from 'rxjs';
import type { Turns } from './turns.js';

/** A stream with a current value, and the pool's handle on it. */
export interface Live<T> {
  /** Emits the current value on subscribe, then each different one. Never errors; completes at `end()`. */
  readonly observable: Observable<T>;
  /** Whether there are subscribers. */
  readonly observed: boolean;
  /** Reads the value again, and emits it if it differs from the last one shown. */
  emit(): void;
  /** Completes. The flush before it has emitted the last value. */
  end(): void;
}

/** The functions behind a stream with a current value. */
export interface CurrentOptions<T> {
  /** The first value of a new subscriber: the value that the others have been shown. */
  current(): T;
  /** Whether the subject has completed. A new subscriber then gets the last value and completes. */
  hasEnded(): boolean;
  /** Called after a subscriber was added or removed. */
  observersChanged(): void;
}

/** Gives each new subscriber the current value, then the values of `subject`. */
export function startWithCurrent<T>(
  turns: Turns,
  subject: Subject<T>,
  { current, hasEnded, observersChanged }: CurrentOptions<T>,
): Observable<T> {
  return new Observable((subscriber) => {
    // Existing subscribers are shown pending changes before a new one gets its first value. Within a flush, the new one
    // starts with the value shown last, and the flush emits the rest.
    turns.requestFlush();
    const value = current();
    if (hasEnded()) {
      subscriber.next(value);
      subscriber.complete();
      return undefined;
    }
    // The subject removed it by itself, before its teardown was returned here.
    subject.subscribe(subscriber);
    observersChanged();
    turns.replay(() => subscriber.next(value));
    return observersChanged;
  });
}

/**
 * A stream of a reading that is taken at each `emit()`. Without a subscriber nothing is read, and the last value is
 * dropped, because it may be all that keeps a removed connection in memory.
 *
 * @param observersChanged - called after a subscriber was added or removed.
 * @param same - whether two values count as equal.
 */
export function live<T>(
  turns: Turns,
  read: () => T,
  observersChanged = (): void => {},
  same: (a: T, b: T) => boolean = Object.is,
): Live<T> {
  const subject = new Subject<T>();
  let shown: { readonly value: T } | undefined;
  let hasEnded = false;
  const observable = startWithCurrent(turns, subject, {
    current: () => {
      shown ??= { value: read() };
      return shown.value;
    },
    hasEnded: () => hasEnded,
    observersChanged: () => {
      if (!subject.observed) shown = undefined;
      observersChanged();
    },
  });
  const emit = (): void => {
    if (!subject.observed) return;
    const value = read();
    if (shown && same(value, shown.value)) return;
    shown = { value };
    subject.next(value);
  };
  return {
    observable,
    get observed() {
      return subject.observed;
    },
    emit,
    end: () => {
      hasEnded = true;
      subject.complete();
    },
  };
}
