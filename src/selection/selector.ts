import { Observable, type Subscriber, type Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import type { Cell } from '../connection/cell.js';
import { cellOf } from '../connection/cells.js';
import type { LoadIndex } from './load-index.js';
import { LEAST_LOADED } from './least-loaded.js';
import type { Picker, Strategy } from './picker.js';

/** The part of a pool that choosing is about. */
export interface Candidates<C extends Connection> {
  readonly index: LoadIndex<Cell<C>>;
  readonly connected: { readonly view: readonly C[] };
}

/** How a pool chooses: by the index it keeps, or by somebody's own strategy. */
export interface Selector<C extends Connection, K> {
  pick(key: K, accepts?: (cell: Cell<C>) => boolean): Cell<C> | undefined;
  peek(key: K): C | undefined;
  /** Lets go of members that have left. */
  refresh(): void;
  end(): void;
}

export function createSelector<C extends Connection, K>(
  candidates: Candidates<C>,
  strategy: Strategy<C, K> | undefined,
): Selector<C, K> {
  if (strategy && !(LEAST_LOADED in strategy)) return new StrategySelector(candidates, strategy);
  const { index } = candidates;
  return {
    pick: (_key, accepts) => index.pick(accepts),
    peek: () => index.peek()?.connection,
    refresh: () => {},
    end: () => {},
  };
}

/** Feeds a strategy with arrays, each just before it is asked, so that it never chooses among yesterday's. */
class StrategySelector<C extends Connection, K> implements Selector<C, K> {
  readonly #candidates: Candidates<C>;
  readonly #subscription: Subscription;
  #subscriber: Subscriber<readonly C[]> | undefined;
  #fed: readonly C[] | undefined;
  #picker: Picker<C, K> | undefined;

  constructor(candidates: Candidates<C>, strategy: Strategy<C, K>) {
    this.#candidates = candidates;
    const source = new Observable<readonly C[]>((subscriber) => {
      this.#subscriber = subscriber;
      this.refresh();
    });
    this.#subscription = strategy(source).subscribe((picker) => {
      this.#picker = picker;
    });
  }

  pick(key: K, accepts?: (cell: Cell<C>) => boolean): Cell<C> | undefined {
    this.refresh();
    const picked = this.#picker?.pick(key, accepts && ((connection) => accepts(cellOf(connection))));
    return picked && cellOf(picked);
  }

  peek(key: K): C | undefined {
    this.refresh();
    return this.#picker?.peek(key);
  }

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
