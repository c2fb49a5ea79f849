import type { Cell } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import type { Registry, RegistryObserver } from '../registry/registry.js';
import { Live } from '../streams/live.js';
import type { Rounds } from '../streams/rounds.js';
import { type Health, type HealthFacts, healthOf, sameHealth } from './health.js';

/** What the streams ask of the pool besides its members. */
export interface HealthSource<C> {
  isClosed(): boolean;
  poolSize(): number;
  /** Callers in the queue. */
  waiting(): number;
  /** Who would be picked now. */
  peek(): C | undefined;
}

const turn = Promise.resolve();

/**
 * The figures of a pool as streams. A change of membership shows at once; what only load changes is shown once
 * a microtask, however many requests began and ended meanwhile.
 */
export class HealthStreams<C extends Connection> implements RegistryObserver<C> {
  readonly pending: Live<number>;
  readonly leastLoaded: Live<C | undefined>;
  readonly health: Live<Health>;
  readonly #registry: Registry<C>;
  readonly #source: HealthSource<C>;
  readonly #rounds: Rounds;
  #latest: Health | undefined;
  #proven = false;
  #flushing = false;

  constructor(registry: Registry<C>, source: HealthSource<C>, rounds: Rounds) {
    this.#registry = registry;
    this.#source = source;
    this.#rounds = rounds;
    const observersChanged = (): void => this.#listen();
    this.pending = new Live(rounds, () => registry.index.load, [], observersChanged);
    this.leastLoaded = new Live(rounds, () => source.peek(), [], observersChanged);
    this.health = new Live(rounds, () => this.read(), [], observersChanged, sameHealth);
    registry.observe(this);
  }

  read(): Health {
    const registry = this.#registry;
    const source = this.#source;
    const { size: total, census } = registry;
    const pending = registry.index.load;
    const closed = source.isClosed();
    const poolSize = source.poolSize();
    const waiting = source.waiting();
    const facts: HealthFacts = { closed, poolSize, total, pending, waiting, census, proven: this.#proven };
    const health = healthOf(facts);
    if (!this.#latest || !sameHealth(health, this.#latest)) this.#latest = health;
    return this.#latest;
  }

  /** The pool has been opened: nothing is known of its server yet. */
  opened(): void {
    this.#proven = false;
  }

  joined(cells: readonly Cell<C>[]): void {
    if (cells.some((cell) => cell.standing === 'connected')) this.#proven = true;
    this.capture();
  }

  left(): void {
    this.capture();
  }

  moved(cell: Cell<C>): void {
    if (cell.standing === 'connected' || cell.standing === 'broken') this.#proven = true;
    this.capture();
  }

  /** Shows what has changed, now or after what is being shown. */
  capture(): void {
    if (this.pending.watched) this.#show(this.pending, this.#registry.index.load);
    // Asked for only when it is shown: a strategy may be anybody's code, and change the pool.
    if (this.leastLoaded.watched) this.#rounds.run(() => this.leastLoaded.show(this.#source.peek()));
    if (this.health.watched) this.#show(this.health, this.read());
  }

  end(): void {
    this.#rounds.run(() => {
      this.pending.end(0);
      this.leastLoaded.end(undefined);
      this.health.end(this.read());
    });
  }

  #show<T>(live: Live<T>, value: T): void {
    this.#rounds.run(() => live.show(value));
  }

  #listen(): void {
    const observed = this.pending.observed || this.leastLoaded.observed || this.health.observed;
    this.#registry.index.onLoad = observed ? this.#loadChanged : undefined;
  }

  readonly #loadChanged = (): void => {
    if (this.#flushing) return;
    this.#flushing = true;
    void turn.then(this.#flush);
  };

  readonly #flush = (): void => {
    this.#flushing = false;
    this.capture();
  };
}
