import type { Observable } from 'rxjs';
import { Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { recordOf } from '../connection/observe-connection.js';
import { wrongType } from '../errors.js';
import type { Ranked } from './load-buckets.js';
import type { LoadIndex } from './load-index.js';
import type { Picker, Strategy } from './picker.js';

/** A member of the pool, as far as selection reads it. */
export interface Candidate<C extends Connection> extends Ranked {
  /** The connection of the member. */
  readonly connection: C;
  /** The index that ranks it; undefined while it is out of service. */
  readonly index: LoadIndex<this> | undefined;
}

/** A subscription to a strategy, and its latest picker. */
class StrategyRun<C, K> {
  picker: Picker<C, K> | undefined;
  failure: { readonly cause: unknown } | undefined;
  readonly #subscription = new Subscription();

  /** @param emitted - called after each picker, and after an error. */
  constructor(strategy: Strategy<C, K>, candidates$: Observable<readonly C[]>, emitted: () => void) {
    const pickers$: unknown = strategy(candidates$);
    if (typeof (pickers$ as { readonly subscribe?: unknown } | null | undefined)?.subscribe !== 'function')
      throw wrongType('select()', 'an observable of pickers', pickers$);
    const run = (pickers$ as Observable<Picker<C, K>>).subscribe({
      next: (picker) => {
        this.picker = picker;
        emitted();
      },
      // The next picks throw it, because no subscriber of the user exists to receive it.
      error: (cause: unknown) => {
        this.failure = { cause };
        emitted();
      },
    });
    this.#subscription.add(run);
  }

  /** Unsubscribes, and ignores an error of the teardown of a user's strategy. */
  end(): void {
    try {
      this.#subscription.unsubscribe();
    } catch {
      // No pick depends on this strategy any more.
    }
    this.picker = undefined;
  }
}

/** Picks among the members that are in service and below their limit: by the load index, or by a strategy. */
export class Selector<C extends Connection, K, M extends Candidate<C>> {
  readonly #index: LoadIndex<M>;
  readonly #candidates$: Observable<readonly C[]>;
  /** Undefined if the pool picks by the least load, through its load index. */
  #run: StrategyRun<C, K> | undefined;
  #hasEnded = false;

  /** @param candidates$ - the connections in service. */
  constructor(index: LoadIndex<M>, candidates$: Observable<readonly C[]>) {
    this.#index = index;
    this.#candidates$ = candidates$;
  }

  /** Whether a strategy is in use; it may refuse connections that are free. */
  get hasStrategy(): boolean {
    return this.#run !== undefined;
  }

  /** Uses another strategy; without one, the least load. If the strategy throws, the former one stays. */
  use(strategy: Strategy<C, K> | undefined): void {
    const run = strategy && new StrategyRun<C, K>(strategy, this.#candidates$, this.#pickerEmitted);
    const former = this.#run;
    this.#run = run;
    former?.end();
    // Subscribing to the strategy may have disposed of the pool.
    if (this.#hasEnded) this.end();
    this.#index.onLoad?.();
  }

  /** The member to use now. */
  pick(key: K): M | undefined {
    const index = this.#index;
    if (index.size === 0) return undefined;
    const member = this.#run === undefined ? index.pick() : this.#pickByStrategy(this.#run, key);
    // The cursor has moved, so `peek` may return another connection now.
    if (member !== undefined && index.onLoad) index.onLoad();
    return member;
  }

  /** The connection that `pick` would choose. */
  peek(key: K): C | undefined {
    const run = this.#run;
    if (run === undefined) return this.#index.peek()?.connection;
    if (this.#index.size === 0 || run.failure) return undefined;
    try {
      const connection = run.picker?.peek(key, this.#canTakeWork);
      if (connection === undefined || this.#canTakeWork(connection)) return connection;
    } catch {
      // The next pick throws it to its caller.
      return undefined;
    }
    // A user's picker may ignore `accepts` in `peek` and return a connection at its limit.
    return this.#index.peek()?.connection;
  }

  end(): void {
    this.#hasEnded = true;
    this.#run?.end();
  }

  /** A new picker may choose a connection that the one before refused. */
  readonly #pickerEmitted = (): void => {
    this.#index.onLoad?.();
    this.#index.onRoom?.();
  };

  #pickByStrategy({ picker, failure }: StrategyRun<C, K>, key: K): M | undefined {
    if (failure) throw failure.cause;
    const connection = picker?.pick(key, this.#canTakeWork);
    return connection && this.#canTakeWork(connection) ? this.#memberOf(connection) : undefined;
  }

  #memberOf(connection: C): M | undefined {
    return recordOf(connection).stay as unknown as M | undefined;
  }

  /** False for a connection that has left, is at its limit, or is not a member of this pool. */
  readonly #canTakeWork = (connection: C): boolean => {
    const member = this.#memberOf(connection);
    return member !== undefined && member.index === (this.#index as unknown) && member.position >= 0;
  };
}
