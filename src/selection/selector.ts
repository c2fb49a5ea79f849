import type { Cell, Standing } from '../connection/cell.js';
import { cellOf } from '../connection/cells.js';
import type { Connection } from '../connection/connection.js';
import type { Change } from '../streams/changes.js';
import type { Rounds } from '../streams/rounds.js';
import type { LoadIndex } from './load-index.js';
import { LEAST_LOADED, type Strategy } from './picker.js';
import { StrategyFeed } from './strategy-feed.js';

/** The part of a pool that choosing is about. */
export interface Candidates<C extends Connection> {
  readonly index: LoadIndex<Cell<C>>;
  readonly connected: { readonly view: readonly C[] };
}

/** Those who are, or were until they left, connected and in service. */
const inService = <C extends Connection>(cells: readonly Cell<C>[]): C[] =>
  cells.filter(({ standing }) => standing === 'connected').map(({ connection }) => connection);

/** Chooses among the members that are in service and below their limits, by whichever strategy is in use. */
export class Selector<C extends Connection, K> {
  readonly index: LoadIndex<Cell<C>>;
  readonly #candidates: Candidates<C>;
  readonly #rounds: Rounds;
  /** None where the index that is kept anyway is all that the strategy asks for. */
  #feed: StrategyFeed<C, K> | undefined;
  /** Those that hear of changes: that of the strategy in use, and of one that is being subscribed to. */
  readonly #feeds = new Set<StrategyFeed<C, K>>();

  constructor(candidates: Candidates<C>, strategy: Strategy<C, K> | undefined, rounds: Rounds) {
    this.#candidates = candidates;
    this.#rounds = rounds;
    this.index = candidates.index;
    this.use(strategy);
  }

  /** Goes by another strategy; by the least load if by none. Where that throws, it goes on by the one before. */
  use(strategy: Strategy<C, K> | undefined): void {
    const isOther = strategy !== undefined && !(LEAST_LOADED in strategy);
    const feed = isOther ? this.#begin(strategy) : undefined;
    // Subscribing to it may have had the pool disposed of.
    if (feed && !this.#feeds.has(feed)) return;
    const former = this.#feed;
    this.#feed = feed;
    if (former) this.#end(former);
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
    const peeked = this.index.size === 0 ? undefined : this.#feed.peek(key, this.#hasRoom);
    if (peeked === undefined || this.#hasRoom(peeked)) return peeked;
    // A picker that passes over the full when it picks need not do so when it peeks: somebody has room.
    const { ledger, standing } = cellOf(peeked);
    return ledger === this.index && standing === 'connected' ? this.index.peek()?.connection : undefined;
  }

  joined(cells: readonly Cell<C>[]): void {
    if (this.#feeds.size > 0) this.#change({ added: inService(cells), removed: [] });
  }

  left(cells: readonly Cell<C>[]): void {
    if (this.#feeds.size > 0) this.#change({ added: [], removed: inService(cells) });
  }

  moved({ connection, standing }: Cell<C>, from: Standing): void {
    if (this.#feeds.size === 0) return;
    if (from === 'connected') this.#change({ added: [], removed: [connection] });
    else if (standing === 'connected') this.#change({ added: [connection], removed: [] });
  }

  end(): void {
    for (const feed of this.#feeds) this.#end(feed);
  }

  #begin(strategy: Strategy<C, K>): StrategyFeed<C, K> {
    const feed = new StrategyFeed<C, K>(this.#candidates.connected);
    this.#feeds.add(feed);
    try {
      feed.begin(strategy);
    } catch (error) {
      this.#end(feed);
      throw error;
    }
    return feed;
  }

  #end(feed: StrategyFeed<C, K>): void {
    this.#feeds.delete(feed);
    feed.end();
  }

  /** Told as subscribers are, when all else has been done, and before any of them: it may be anybody's code. */
  #change(change: Change<C>): void {
    if (change.added.length === 0 && change.removed.length === 0) return;
    for (const feed of this.#feeds) feed.note(change);
    this.#rounds.run(() => {
      for (const feed of this.#feeds) feed.tell();
    });
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
