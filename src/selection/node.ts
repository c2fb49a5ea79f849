import type { Connection } from '../connection/connection.js';
import { releaseRecord, retainRecord } from '../connection/observe-connection.js';
import type { ConnectionRecord, RecordListener } from '../connection/record.js';
import type { Node } from './balancer.js';
import { type Ranked, UNLIMITED } from './load-buckets.js';

/** A node that reads the load of its connection from the connection's record, until it is disposed of. */
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

/** A load index, as a node of it uses it. */
interface Ranking {
  add(item: Ranked): void;
  remove(item: Ranked): void;
  move(item: Ranked, from: number, to: number): void;
}

/** A node in the load index of its strategy, where it stays until it is disposed of. */
export class RankedNode<C extends Connection> extends RecordNode<C> implements Ranked, RecordListener {
  position = -1;
  /** The pool applies limits, by the `accepts` that it gives to `pick`. */
  readonly limit = UNLIMITED;
  readonly #ranking: Ranking;
  /** The load that it is ranked by: what a listener hears may be older or newer than the record. */
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
