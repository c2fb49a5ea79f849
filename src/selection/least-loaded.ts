import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { checkDuration, checkEach, checkFunction, checkScheduler } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { type Balancer, strategyFrom } from './balancer.js';
import { LoadIndex } from './load-index.js';
import { RankedNode } from './node.js';
import type { Strategy } from './picker.js';
import { WeightedLoads } from './weighted-loads.js';

/** Options of {@link leastLoaded}. Durations are in milliseconds. */
export interface LeastLoadedOptions<C> {
  /**
   * The weight of a connection: a positive number that divides its load. Called when the connection enters the source.
   * @default 1 for each connection
   */
  readonly weight?: ((connection: C) => number) | undefined;
  /**
   * Time in which the weight of a connection that enters the source grows linearly from a tenth to the whole.
   * @default 0
   */
  readonly slowStart?: number | undefined;
  /**
   * Time constant with which the load of a failed request decays; in total it counts as much as one request of this
   * duration. Without it, a connection that fails at once always has the least load. Failures are read from
   * `outcomes$`, or else from the pool's `use` and `withConnection`. @default 0
   */
  readonly failurePenalty?: number | undefined;
  /** The clock of `slowStart` and `failurePenalty`. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

function leastPending<C extends Connection, K>(): Balancer<C, K, RankedNode<C>> {
  const index = new LoadIndex<RankedNode<C>>();
  return {
    add: (connection) => new RankedNode(connection, index),
    remove: (node) => node.dispose(),
    pick: (_key, accepts) => index.pick(accepts),
    peek: (_key, accepts) => index.peek(accepts),
  };
}

/**
 * Least outstanding requests: `pick` returns a connection with the smallest load; connections of equal load take turns.
 * With options, the load is divided by the weight, and connections of equal cost take turns in proportion to their
 * weights. Exact. Takes constant time, with options logarithmic time.
 *
 * Emits one picker that stays current, at once and again for each array. Completes and errors with its source, and
 * errors when `weight` throws; after that, and after unsubscription, `pick` returns `undefined`.
 *
 * ```text
 * source:        --[a]------[a,b]------[b]--|
 * leastLoaded(): --P--------P----------P----|
 * P.pick():        a        b, a, b    b
 * ```
 *
 * @throws RangeError, TypeError for invalid options.
 * @example
 * ```ts
 * const inEurope = map((all: readonly Replica[]) => all.filter((replica) => replica.zone === 'eu'));
 * replicas.connected$.pipe(inEurope, leastLoaded()).subscribe((picker) => picker.pick()?.query('select 1'));
 *
 * const select = leastLoaded<Replica>({ weight: ({ cores }) => cores, slowStart: 30_000, failurePenalty: 5_000 });
 * ```
 */
export function leastLoaded<C extends Connection, K = void>(options: LeastLoadedOptions<C> = {}): Strategy<C, K> {
  checkEach('options', options, {
    weight: checkFunction,
    slowStart: checkDuration,
    failurePenalty: checkDuration,
    scheduler: checkScheduler,
  });
  const { weight, slowStart = 0, failurePenalty = 0, scheduler = asyncScheduler } = options;
  if (weight || slowStart > 0 || failurePenalty > 0) {
    return strategyFrom(
      () => new WeightedLoads<C, K>({ weight: weight ?? (() => 1), slowStart, failurePenalty, scheduler }),
    );
  }
  return strategyFrom<C, K, RankedNode<C>>(leastPending);
}
