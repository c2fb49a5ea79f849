import { Observable, Subject } from 'rxjs';
import type { Rounds } from './rounds.js';

const NOTHING = Symbol('nothing');

/**
 * A hot stream that always has a current value: it replays that on subscribe, never errors, and completes when
 * it is ended. Nothing is computed for it while nobody subscribes.
 *
 * Streams of one group agree with one another: whoever comes to one of them while others are being told
 * something starts at the point which those have reached.
 */
export class Live<T> {
  readonly observable: Observable<T>;
  readonly #subject = new Subject<T>();
  readonly #rounds: Rounds;
  readonly #read: () => T;
  readonly #group: Live<unknown>[];
  #shown: T | typeof NOTHING = NOTHING;
  /** When `#shown` was shown or pinned. */
  #epoch = 0;
  #ended = false;

  /**
   * @param read - the current value.
   * @param group - the streams to agree with.
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
      this.#shown = current;
      const subscription = this.#subject.subscribe(subscriber);
      observersChanged();
      rounds.hold(() => subscriber.next(current));
      return () => {
        subscription.unsubscribe();
        observersChanged();
      };
    });
  }

  get observed(): boolean {
    return this.#subject.observed;
  }

  /** Whether a change has to be kept for showing: somebody subscribes, or may begin to before it is shown. */
  get watched(): boolean {
    return this.observed || this.#rounds.emitting || this.#groupIsBehind;
  }

  /** To be called before the current value changes: others of the group may not have been shown it yet. */
  pin(): void {
    if (this.observed || !this.#groupIsBehind || this.#isKnown) return;
    this.#shown = this.#read();
    this.#epoch = this.#rounds.epoch;
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

  get #groupIsBehind(): boolean {
    return this.#rounds.busy && this.#group.some((live) => live.observed);
  }

  get #isKnown(): boolean {
    return this.#shown !== NOTHING && (this.observed || this.#epoch === this.#rounds.epoch);
  }

  #current(): T {
    return this.#rounds.busy && this.#isKnown ? (this.#shown as T) : this.#read();
  }
}
