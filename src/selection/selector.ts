import type { Cell } from '../connection/cell.js';
import { cellOf } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import { LEAST_LOADED } from './least-loaded.js';
import type { LoadIndex } from './load-index.js';
import type { Strategy } from './picker.js';
import { StrategyFeed } from './strategy-feed.js';

/** The part of a pool that choosing is about. */
export interface Candidates<C extends Connection> {
  readonly index: LoadIndex<Cell<C>>;
  readonly connected: { readonly view: readonly C[] };
}

/** Chooses among the members that are in service and below their limits, by whichever strategy is in use. */
export class Selector<C extends Connection, K> {
  readonly index: LoadIndex<Cell<C>>;
  readonly #candidates: Candidates<C>;
  /** None where the index that is kept anyway is all that the strategy asks for. */
  #feed: StrategyFeed<C, K> | undefined;

  constructor(candidates: Candidates<C>, strategy: Strategy<C, K>) {
    this.#candidates = candidates;
    this.index = candidates.index;
    this.use(strategy);
  }

  use(strategy: Strategy<C, K>): void {
    const feed = LEAST_LOADED in strategy ? undefined : new StrategyFeed(this.#candidates.connected, strategy);
    this.#feed?.end();
    this.#feed = feed;
    if (this.index.onLoad) this.index.onLoad();
  }

  pick(key: K): Cell<C> | undefined {
    const { index } = this;
    if (index.size === 0) return undefined;
    const cell = this.#feed === undefined ? index.pick() : this.#pickByStrategy(this.#feed, key);
    // The cursor has moved: somebody else would be picked now.
    if (index.onLoad) index.onLoad();
    return cell;
  }

  /** The connection that `pick` would choose. */
  peek(key: K): C | undefined {
    if (this.#feed === undefined) return this.index.peek()?.connection;
    const peeked = this.index.size === 0 ? undefined : this.#feed.peek(key);
    return peeked && this.#hasRoom(peeked) ? peeked : undefined;
  }

  /** Lets go of members that have left. */
  refresh(): void {
    this.#feed?.refresh();
  }

  end(): void {
    this.#feed?.end();
  }

  #pickByStrategy(feed: StrategyFeed<C, K>, key: K): Cell<C> | undefined {
    const picked = feed.pick(key, this.#hasRoom);
    // A strategy may be anybody's: what it answers has to be one of those it was given.
    return picked && this.#hasRoom(picked) ? cellOf(picked) : undefined;
  }

  readonly #hasRoom = (connection: C): boolean => {
    const { position, ledger } = cellOf(connection);
    return position >= 0 && ledger === this.index;
  };
}
