import { Observable, Subject } from 'rxjs';
import type { Rounds } from './rounds.js';

const NOTHING = Symbol('nothing');

/**
 * A hot stream that always has a current value: it replays that on subscribe, never errors, and completes when
 * it is ended. Nothing is computed while nobody subscribes to it, nor to another of its group.
 */
export class Live<T> {
  readonly observable: Observable<T>;
  readonly #subject = new Subject<T>();
  readonly #rounds: Rounds;
  readonly #read: () => T;
  readonly #group: Live<unknown>[];
  #shown: T | typeof NOTHING = NOTHING;
  #epoch = 0;
  #ended = false;

  /**
   * @param read - the current value.
   * @param group - streams that agree with one another: whoever comes to one of them while others are being
   *   told something starts at the point which those have reached.
   * @param observersChanged - called when somebody has come or gone.
   */
  constructor(rounds: Rounds, read: () => T, group: Live<unknown>[] = [], observersChanged = (): void => {}) {
    this.#rounds = rounds;
    this.#read = read;
    this.#group = group;
    group.push(this as Live<unknown>);
    this.observable = new Observable((subscriber) => {
      if (this.#ended) {
        subscriber.next(this.#shown as T);
        subscriber.complete();
        return undefined;
      }
      const current = this.#current();
      const subscription = this.#subject.subscribe(subscriber);
      for (const live of group) live.#shown = live.#current();
      observersChanged();
      rounds.hold(() => subscriber.next(current));
      return () => {
        subscription.unsubscribe();
        if (!this.watched) for (const live of group) live.#shown = NOTHING;
        observersChanged();
      };
    });
  }

  /** Whether what happens has to be kept for showing. */
  get watched(): boolean {
    return this.#rounds.emitting || this.observed;
  }

  /** Whether anybody subscribes to this stream or another of its group. */
  get observed(): boolean {
    for (const live of this.#group) if (live.#subject.observed) return true;
    return false;
  }

  /** Shows a value, unless it is the one shown last. */
  show(value: T): void {
    this.#epoch = this.#rounds.epoch;
    if (value === this.#shown || this.#ended) return;
    this.#shown = value;
    this.#subject.next(value);
  }

  end(last: T): void {
    if (this.#ended) return;
    this.show(last);
    this.#shown = last;
    this.#ended = true;
    this.#subject.complete();
  }

  #current(): T {
    const known = this.#shown !== NOTHING && (this.observed || this.#epoch === this.#rounds.epoch);
    return this.#rounds.emitting && known ? (this.#shown as T) : this.#read();
  }
}
