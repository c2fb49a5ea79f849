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
  readonly #same: (a: T, b: T) => boolean;
  #shown: T | typeof NOTHING = NOTHING;
  /** What was shown last, or will be. */
  #latest: T | typeof NOTHING = NOTHING;
  /** When `#shown` was shown or read. */
  #epoch = 0;
  /** The rounds up to this one tell what whoever came first knew already. */
  #since = 0;
  #ended = false;

  /**
   * @param read - the current value.
   * @param group - the streams to agree with.
   * @param observersChanged - called when somebody has come or gone.
   * @param same - what counts as no change.
   */
  constructor(
    rounds: Rounds,
    read: () => T,
    group: Live<unknown>[] = [],
    observersChanged = (): void => {},
    same: (a: T, b: T) => boolean = Object.is,
  ) {
    this.#same = same;
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
      // What has not been shown yet is no news to whoever comes now, but is to the others.
      if (this.observed && !rounds.busy) this.#catchUp();
      if (!rounds.busy || !this.#isKnown) this.#readAfresh();
      const current = this.#shown as T;
      const subscription = this.#subject.subscribe(subscriber);
      observersChanged();
      rounds.replay(() => subscriber.next(current));
      return () => {
        if (rounds.busy) this.#epoch = rounds.epoch;
        subscription.unsubscribe();
        this.#letGo();
        observersChanged();
      };
    });
  }

  get observed(): boolean {
    return this.#subject.observed;
  }

  /** Whether a change has to be kept for showing: somebody subscribes, or may begin to before it is shown. */
  get watched(): boolean {
    return this.observed || this.#groupIsInPlay;
  }

  /** To be called before the current value changes: others of the group may not have been shown it yet. */
  pin(): void {
    if (this.#groupIsInPlay && !this.#isKnown) this.#readAfresh();
    else this.#letGo();
  }

  /** Takes the current value down; what is returned shows it, where it is news to anybody. */
  capture(): (() => void) | undefined {
    if (!this.watched) return undefined;
    const value = this.#read();
    if (value === this.#latest) return undefined;
    this.#latest = value;
    return () => this.show(value);
  }

  /** Shows a value, unless it is the one shown last. */
  show(value: T): void {
    if (this.#rounds.current <= this.#since) return;
    this.#epoch = this.#rounds.epoch;
    if (this.#ended || (this.#shown !== NOTHING && this.#same(value, this.#shown))) return;
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

  #catchUp(): void {
    const value = this.#read();
    if (value === this.#shown) return;
    this.#latest = value;
    this.#rounds.run(() => this.show(value));
  }

  #readAfresh(): void {
    this.#shown = this.#latest = this.#read();
    this.#since = this.#rounds.asked;
    this.#epoch = this.#rounds.epoch;
  }

  /** Holds nothing for nobody: what was shown last may be all that keeps connections alive which have gone. */
  #letGo(): void {
    if (!this.#ended && !this.#isKnown) this.#shown = this.#latest = NOTHING;
  }

  /** Whether somebody has been shown one of the group, and has yet to be shown what has happened since. */
  get #groupIsInPlay(): boolean {
    return this.#rounds.busy && this.#group.some((live) => live.#isKnown);
  }

  get #isKnown(): boolean {
    return this.#shown !== NOTHING && (this.observed || this.#epoch === this.#rounds.epoch);
  }
}
