import type { SchedulerLike } from 'rxjs';
import { checkDuration, checkFunction, checkObject } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import type { RecordListener } from '../connection/record.js';
import { resolveScheduler } from '../defaults.js';
import { type Chooser, choosingBy } from './chooser.js';
import { type Ranked, UNLIMITED } from './load-buckets.js';
import { LoadIndex } from './load-index.js';
import type { Strategy } from './picker.js';
import { Seat } from './seat.js';
import { WeightedLoads } from './weighted-loads.js';

/** What is counted besides load. Durations are in milliseconds. */
export interface LeastLoadedOptions<C> {
  /**
   * How much a connection carries, in proportion to others: its load is divided by that. A positive number, asked
   * for when the connection enters the source. @default 1 for each
   */
  readonly weight?: ((connection: C) => number) | undefined;
  /**
   * How long a connection that has just entered the source is spared: its weight grows evenly over this time, from
   * a tenth to the whole. @default 0
   */
  readonly slowStart?: number | undefined;
  /**
   * How long a request that failed goes on counting as load: less and less, and all in all as much as one that
   * takes so long. Without it, whoever fails at once always looks least loaded. Failures are known
   * from `outcomes$`. @default 0
   */
  readonly failurePenalty?: number | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** A connection's place in an index of somebody who does not own it. */
class IndexedSeat<C extends Connection> extends Seat<C> implements Ranked, RecordListener {
  position = -1;
  /** Limits are its owner's affair. */
  readonly limit = UNLIMITED;
  readonly #unwatch: () => void;

  constructor(
    connection: C,
    readonly index: LoadIndex<IndexedSeat<C>>,
  ) {
    super(connection);
    this.#unwatch = this.record.listen(this);
    index.add(this);
  }

  onLoad(from: number, to: number): void {
    this.index.move(this, from, to);
  }

  override leave(): void {
    this.#unwatch();
    this.index.remove(this);
    super.leave();
  }
}

function plainLoads<C extends Connection, K>(): Chooser<C, K, IndexedSeat<C>> {
  const index = new LoadIndex<IndexedSeat<C>>();
  return {
    seat: (connection) => new IndexedSeat(connection, index),
    unseat: (seat) => seat.leave(),
    pick: (_key, accepts) => index.pick(accepts),
    peek: (_key, accepts) => index.peek(accepts),
  };
}

/**
 * Least outstanding requests: emits a picker that always answers with a connection of the smallest load,
 * equals in turn. Exact, and in constant time; with options, in the logarithm of the number of connections. The
 * picker is one object that stays current; it is emitted again for each array. Completes and errors with its
 * source, and errors with what `weight` throws; after that, and after unsubscription, `pick` answers `undefined`.
 *
 * With options it is the smallest load for its weight, and those whose loads are equal take turns in proportion
 * to their weights.
 *
 * ```text
 * source:        --[a]------[a,b]------[b]--|
 * leastLoaded(): --P--------P----------P----|
 * P.pick():        a        b, a, b    b
 * ```
 *
 * @throws RangeError, TypeError for options that cannot be.
 * @example
 * ```ts
 * const inEurope = map((all: readonly Replica[]) => all.filter((replica) => replica.zone === 'eu'));
 * replicas.connected$.pipe(inEurope, leastLoaded()).subscribe((picker) => picker.pick()?.query('select 1'));
 *
 * const select = leastLoaded<Replica>({ weight: ({ cores }) => cores, slowStart: 30_000, failurePenalty: 5_000 });
 * ```
 */
export function leastLoaded<C extends Connection, K = void>(options: LeastLoadedOptions<C> = {}): Strategy<C, K> {
  checkObject('options', options);
  const { weight, slowStart = 0, failurePenalty = 0 } = options;
  if (weight !== undefined) checkFunction('options.weight', weight);
  checkDuration('options.slowStart', slowStart);
  checkDuration('options.failurePenalty', failurePenalty);
  const scheduler = resolveScheduler(options.scheduler);
  if (weight || slowStart > 0 || failurePenalty > 0) {
    return choosingBy(
      () => new WeightedLoads<C, K>({ weight: weight ?? (() => 1), slowStart, failurePenalty, scheduler }),
    );
  }
  return choosingBy<C, K, IndexedSeat<C>>(plainLoads);
}
