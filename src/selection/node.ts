import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import type { ConnectionRecord, RecordListener } from '../connection/record.js';
import type { Node } from './balancer.js';
import { type Ranked, UNLIMITED } from './load-buckets.js';

/** A node that reads the load from the record of its connection, until it is disposed of. */
export class RecordNode<C extends Connection> implements Node<C> {
  protected readonly record: ConnectionRecord<C>;

  constructor(connection: C) {
    this.record = retainRecord(connection);
  }

  get connection(): C {
    return this.record.connection;
  }

  get load(): number {
    return this.record.load;
  }

  dispose(): void {
    releaseRecord(this.record.connection);
  }
}

/** The load index, as its nodes use it. */
interface Ranking {
  add(item: Ranked): void;
  remove(item: Ranked): void;
  move(item: Ranked, from: number, to: number): void;
}

/** A node that stays in the load index of its strategy until it is disposed of. */
export class RankedNode<C extends Connection> extends RecordNode<C> implements Ranked, RecordListener {
  position = -1;
  /** Unlimited, because the pool applies limits through the `accepts` that it gives to `pick`. */
  readonly limit = UNLIMITED;
  readonly #ranking: Ranking;
  /** The load at its current rank. A listener may be told an older or newer load than the record has. */
  #ranked = this.record.load;
  readonly #unwatch: () => void;

  constructor(connection: C, ranking: Ranking) {
    super(connection);
    this.#ranking = ranking;
    this.#unwatch = this.record.listen(this);
    ranking.add(this);
  }

  override get load(): number {
    return this.#ranked;
  }

  onLoad(_from: number, _to: number): void {
    const from = this.#ranked;
    this.#ranked = this.record.load;
    if (from !== this.#ranked) this.#ranking.move(this, from, this.#ranked);
  }

  override dispose(): void {
    this.#unwatch();
    this.#ranking.remove(this);
    super.dispose();
  }
}
