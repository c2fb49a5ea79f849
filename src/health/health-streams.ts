import type { Connection } from '../connection/connection.js';
import type { Membership } from '../membership/membership.js';
import { type Live, live } from '../streams/live.js';
import { type Health, type HealthSource, healthOf, sameHealth } from './health.js';

const microtask = Promise.resolve();

/**
 * The figures of a pool as streams. Changes of membership are emitted by the flush that follows them; what only load
 * changes is emitted once a microtask, however many requests began and ended meanwhile.
 */
export class HealthStreams<C extends Connection> {
  readonly pending: Live<number>;
  readonly health: Live<Health>;
  readonly leastLoaded: Live<C | undefined>;
  readonly #membership: Membership<C>;
  readonly #source: HealthSource;
  #latest: Health | undefined;

  /** @param peek - the connection that would be picked now. */
  constructor(membership: Membership<C>, source: HealthSource, peek: () => C | undefined) {
    this.#membership = membership;
    this.#source = source;
    const { turns } = membership;
    this.pending = live(turns, () => membership.index.load, this.#listen);
    this.health = live(turns, () => this.read(), this.#listen, sameHealth);
    this.leastLoaded = live(turns, peek, this.#listen);
  }

  /** The figures now; the same object while they are the same, but where those of endpoints may differ. */
  read(): Health {
    const health = healthOf(this.#membership, this.#source);
    if (this.#source.endpointSource) return health;
    if (!this.#latest || !sameHealth(health, this.#latest)) this.#latest = health;
    return this.#latest;
  }

  /** Emits the figures that have changed. */
  flushFigures(): void {
    this.pending.emit();
    this.health.emit();
  }

  end(): void {
    this.pending.end();
    this.leastLoaded.end();
    this.health.end();
  }

  /** Listens for the next change of a load while there are subscribers. */
  readonly #listen = (): void => {
    const isObserved = this.pending.observed || this.leastLoaded.observed || this.health.observed;
    this.#membership.index.onLoad = isObserved ? this.#loadChanged : undefined;
  };

  /** Hears of no other change until the microtask. */
  readonly #loadChanged = (): void => {
    this.#membership.index.onLoad = undefined;
    void microtask.then(this.#flush);
  };

  readonly #flush = (): void => {
    this.#listen();
    this.#membership.turns.requestFlush();
  };
}
