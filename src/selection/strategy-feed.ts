import { distinctUntilChanged, map, Observable, Subject, type Subscription } from 'rxjs';
import { CHANGES, type Change } from '../streams/changes.js';
import type { Picker, Strategy } from './picker.js';

/**
 * Feeds a strategy with a list, change by change, or with arrays where it asks for arrays. Whoever picks sees to it
 * that all has been told by then, so that nobody is chosen from among yesterday's.
 */
export class StrategyFeed<C, K> {
  readonly #changes = new Subject<Change<C>>();
  readonly #list: { readonly view: readonly C[] };
  #subscription: Subscription | undefined;
  readonly #untold: Change<C>[] = [];
  #picker: Picker<C, K> | undefined;
  #failure: { readonly cause: unknown } | undefined;
  #ended = false;

  constructor(list: { readonly view: readonly C[] }) {
    this.#list = list;
  }

  /** Subscribes to the strategy, which may change the list meanwhile: it hears of that afterwards. */
  begin(strategy: Strategy<C, K>): void {
    const list = this.#list;
    const changes = new Observable<Change<C>>((subscriber) => {
      const following = this.#changes.subscribe(subscriber);
      subscriber.next({ added: list.view, removed: [] });
      return following;
    });
    const arrays = changes.pipe(
      map(() => list.view),
      distinctUntilChanged(),
    );
    this.#subscription = strategy(Object.assign(arrays, { [CHANGES]: changes })).subscribe({
      next: (picker) => {
        this.#picker = picker;
      },
      // For whoever picks: nobody else has asked for it.
      error: (cause: unknown) => {
        this.#failure = { cause };
      },
    });
    if (this.#ended) this.#unsubscribe();
  }

  /** The list has changed; the strategy hears of it when it is told. */
  note(change: Change<C>): void {
    this.#untold.push(change);
  }

  tell(): void {
    for (let change = this.#untold.shift(); change; change = this.#untold.shift()) this.#changes.next(change);
  }

  pick(key: K, accepts: (connection: C) => boolean): C | undefined {
    this.tell();
    if (this.#failure) throw this.#failure.cause;
    return this.#picker?.pick(key, accepts);
  }

  /** Shown to subscribers: a mistake in somebody's picker is nothing to break the pool by. */
  peek(key: K, accepts: (connection: C) => boolean): C | undefined {
    this.tell();
    try {
      return this.#failure ? undefined : this.#picker?.peek(key, accepts);
    } catch {
      return undefined;
    }
  }

  /** What its teardown throws is nothing to break the pool by, either. */
  end(): void {
    this.#ended = true;
    this.tell();
    quietly(() => this.#changes.complete());
    this.#unsubscribe();
  }

  #unsubscribe(): void {
    quietly(() => this.#subscription?.unsubscribe());
    this.#picker = undefined;
  }
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // It has been let go of: what it makes of that is its own affair.
  }
}
