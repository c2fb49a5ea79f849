import type { Connection } from '../connection/connection.js';
import type { Membership } from '../membership/membership.js';
import { type Live, live } from '../streams/live.js';
import { type Health, type HealthSource, healthOf, sameHealth } from './health.js';

const microtask = Promise.resolve();

/**
 * The figures of a pool as streams. A change of membership is emitted by the next flush. A change of load alone is
 * emitted once a microtask, for all requests that began and ended meanwhile.
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

  /**
   * The current figures: the same object while nothing changed, except in a pool with endpoints, whose figures may
   * differ.
   */
  read(): Health {
    const health = healthOf(this.#membership, this.#source);
    if (this.#source.endpointSource) return health;
    if (!this.#latest || !sameHealth(health, this.#latest)) this.#latest = health;
    return this.#latest;
  }

  /** Emits the figures that changed. */
  flushFigures(): void {
    this.pending.emit();
    this.health.emit();
  }

  end(): void {
    this.pending.end();
    this.leastLoaded.end();
    this.health.end();
  }

  /** Listens for the next change of load while there are subscribers. */
  readonly #listen = (): void => {
    const isObserved = this.pending.observed || this.leastLoaded.observed || this.health.observed;
    this.#membership.index.onLoad = isObserved ? this.#loadChanged : undefined;
  };

  /** Stops listening until the microtask. */
  readonly #loadChanged = (): void => {
    this.#membership.index.onLoad = undefined;
    void microtask.then(this.#flush);
  };

  readonly #flush = (): void => {
    this.#listen();
    this.#membership.turns.requestFlush();
  };
}
