import type { Observable } from 'rxjs';
import { Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { recordOf } from '../connection/observe-connection.js';
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

/** A subscription to a strategy, and what it has emitted. */
class StrategyRun<C, K> {
  picker: Picker<C, K> | undefined;
  failure: { readonly cause: unknown } | undefined;
  readonly #subscription = new Subscription();

  /** @param emitted - called after each picker, and after an error. */
  constructor(strategy: Strategy<C, K>, candidates$: Observable<readonly C[]>, emitted: () => void) {
    const run = strategy(candidates$).subscribe({
      next: (picker) => {
        this.picker = picker;
        emitted();
      },
      // Thrown by the next picks: no subscriber of the user is there to receive it.
      error: (cause: unknown) => {
        this.failure = { cause };
        emitted();
      },
    });
    this.#subscription.add(run);
  }

  /** Unsubscribes, and drops what the teardown of a user's strategy throws. */
  end(): void {
    try {
      this.#subscription.unsubscribe();
    } catch {
      // The pool uses another strategy already, or has been disposed of: no pick depends on this one.
    }
    this.picker = undefined;
  }
}

/** Picks among the members that are in service and below their limit: by the load index, or by a strategy. */
export class Selector<C extends Connection, K, M extends Candidate<C>> {
  readonly #index: LoadIndex<M>;
  readonly #candidates$: Observable<readonly C[]>;
  /** Undefined where the pool picks by the least load, which its load index gives. */
  #run: StrategyRun<C, K> | undefined;
  #hasEnded = false;

  /** @param candidates$ - the connections in service. */
  constructor(index: LoadIndex<M>, candidates$: Observable<readonly C[]>) {
    this.#index = index;
    this.#candidates$ = candidates$;
  }

  /** Whether a strategy is in use: it may choose none of the free connections. */
  get hasStrategy(): boolean {
    return this.#run !== undefined;
  }

  /** Picks by another strategy, or by the least load without one. Where the strategy throws, the former one stays. */
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
    // The cursor has moved: `peek` may return another connection now.
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

  /** Another picker may choose what the one before did not. */
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

  /** False for a connection that has left, that is at its limit, or that is no member of this pool. */
  readonly #canTakeWork = (connection: C): boolean => {
    const member = this.#memberOf(connection);
    return member !== undefined && member.index === (this.#index as unknown) && member.position >= 0;
  };
}
