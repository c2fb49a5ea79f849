import { Observable, type Subscriber, type Subscription } from 'rxjs';
import type { Cell } from '../connection/cell.js';
import { cellOf } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import { LEAST_LOADED } from './least-loaded.js';
import type { LoadIndex } from './load-index.js';
import type { Picker, Strategy } from './picker.js';

/** The part of a pool that choosing is about. */
export interface Candidates<C extends Connection> {
  readonly index: LoadIndex<Cell<C>>;
  readonly connected: { readonly view: readonly C[] };
}

/** Feeds a strategy with arrays, each just before it is asked, so that it never chooses among yesterday's. */
export class StrategySelector<C extends Connection, K> {
  readonly #candidates: Candidates<C>;
  readonly #subscription: Subscription;
  #subscriber: Subscriber<readonly C[]> | undefined;
  #fed: readonly C[] | undefined;
  #picker: Picker<C, K> | undefined;
  #failure: { readonly cause: unknown } | undefined;

  constructor(candidates: Candidates<C>, strategy: Strategy<C, K>) {
    this.#candidates = candidates;
    const source = new Observable<readonly C[]>((subscriber) => {
      this.#subscriber = subscriber;
      this.refresh();
    });
    this.#subscription = strategy(source).subscribe({
      next: (picker) => {
        this.#picker = picker;
      },
      // For whoever picks: nobody else has asked for it.
      error: (cause: unknown) => {
        this.#failure = { cause };
      },
    });
  }

  pick(key: K, accepts?: (cell: Cell<C>) => boolean): Cell<C> | undefined {
    this.refresh();
    if (this.#failure) throw this.#failure.cause;
    const picked = this.#picker?.pick(key, accepts && ((connection) => accepts(cellOf(connection))));
    const cell = picked && cellOf(picked);
    // A strategy may be anybody's: what it answers has to be one of those it was given.
    return cell && cell.position >= 0 && cell.ledger === this.#candidates.index ? cell : undefined;
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

  /** Lets go of members that have left. */
  refresh(): void {
    const { view } = this.#candidates.connected;
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

/** Whether a pool need ask nobody: the index that it keeps anyway answers. */
export const isLeastLoaded = (strategy: object): boolean => LEAST_LOADED in strategy;
