import { Observable, type Subscriber, type Subscription } from 'rxjs';
import type { Picker, Strategy } from './picker.js';

/** Feeds a strategy with arrays, each just before it is asked, so that it never chooses among yesterday's. */
export class StrategyFeed<C, K> {
  readonly #source: { readonly view: readonly C[] };
  readonly #subscription: Subscription;
  #subscriber: Subscriber<readonly C[]> | undefined;
  #fed: readonly C[] | undefined;
  #picker: Picker<C, K> | undefined;
  #failure: { readonly cause: unknown } | undefined;

  constructor(source: { readonly view: readonly C[] }, strategy: Strategy<C, K>) {
    this.#source = source;
    const arrays = new Observable<readonly C[]>((subscriber) => {
      this.#subscriber = subscriber;
      this.refresh();
    });
    this.#subscription = strategy(arrays).subscribe({
      next: (picker) => {
        this.#picker = picker;
      },
      // For whoever picks: nobody else has asked for it.
      error: (cause: unknown) => {
        this.#failure = { cause };
      },
    });
  }

  pick(key: K, accepts: (connection: C) => boolean): C | undefined {
    this.refresh();
    if (this.#failure) throw this.#failure.cause;
    return this.#picker?.pick(key, accepts);
  }

  /** Shown to subscribers: a mistake in somebody's picker is nothing to break the pool by. */
  peek(key: K): C | undefined {
    this.refresh();
    try {
      return this.#failure ? undefined : this.#picker?.peek(key);
    } catch {
      return undefined;
    }
  }

  refresh(): void {
    const { view } = this.#source;
    if (view === this.#fed) return;
    this.#fed = view;
    this.#subscriber?.next(view);
  }

  end(): void {
    this.#subscriber?.complete();
    this.#subscription.unsubscribe();
    this.#picker = undefined;
  }
}
