import { Observable, Subject } from 'rxjs';
import type { Turns } from './turns.js';

/** A stream that always has a current value, and the pool's handle on it. */
export interface Live<T> {
  /** Replays the current value, emits each other one, never errors, completes at `end()`. */
  readonly observable: Observable<T>;
  /** Whether there are subscribers. */
  readonly observed: boolean;
  /** Reads the value again and emits it where it differs from the one shown last. */
  emit(): void;
  /** Completes. The last value is what the flush before it has emitted. */
  end(): void;
}

/** What a stream that always has a current value goes by. */
export interface CurrentOptions<T> {
  /** What a new subscriber starts with: what the others have been shown. */
  current(): T;
  /** Whether the subject has completed: a new subscriber gets the last value, and is completed. */
  hasEnded(): boolean;
  /** Called after a subscriber has come or gone. */
  observersChanged(): void;
}

/** Gives each new subscriber the current value, then what `subject` emits. */
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
    // The subject lets it go by itself, before the teardown returned here.
    subject.subscribe(subscriber);
    observersChanged();
    turns.replay(() => subscriber.next(value));
    return observersChanged;
  });
}

/**
 * A reading that is taken again at each `emit()`. Nothing is read while there is no subscriber, and the value shown
 * last is dropped with the last of them: it may be all that keeps a removed connection in memory.
 *
 * @param observersChanged - called after a subscriber has come or gone.
 * @param same - whether two values are no change.
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
