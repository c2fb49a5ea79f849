import { asyncScheduler, type SchedulerLike, Subscription } from 'rxjs';
import { checkDuration, checkEach, checkFunction, checkScheduler } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { observeOutcomes } from '../connection/outcomes.js';
import { platformRandom } from '../defaults.js';
import { outOfRange } from '../errors.js';
import { strategyFrom } from './balancer.js';
import type { LoadIndex } from './load-index.js';
import { monotonicClock } from './monotonic-clock.js';
import { RankedNode } from './node.js';
import type { Strategy } from './picker.js';
import { type CostNode, TwoChoices } from './two-choices.js';

/** Options of {@link peakEwma}. Durations are in milliseconds. */
export interface PeakEwmaOptions {
  /** Time constant of the average: after this time a latency counts 1/e of its value, about a third. @default 10000 */
  readonly decay?: number | undefined;
  /**
   * The least latency that a failed request counts as, so that failing fast does not make a connection attractive.
   * @default 1000
   */
  readonly failureLatency?: number | undefined;
  /** Returns a number in [0, 1) that draws the candidates. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** The clock of `decay`. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** The least latency in milliseconds, so that load still counts if replies take almost no time. */
const MIN_LATENCY = 0.1;

/**
 * The cost of a connection that has requests in flight and no reply so far. It exceeds any other, and stays exact when
 * a load is added.
 */
const PENALTY = 2 ** 52;

/** The latency of one connection, as a moving average that rises at once and falls with `decay`. */
class PeakEwmaNode<C extends Connection> extends RankedNode<C> implements CostNode<C> {
  #latency: number | undefined;
  #observedAt = 0;
  /** When the connection last got its first load or its load last fell. It has answered nothing since. */
  #silentSince = 0;
  readonly #decay: number;
  readonly #now: () => number;
  readonly #life = new Subscription();

  constructor(
    connection: C,
    index: LoadIndex<PeakEwmaNode<C>>,
    decay: number,
    failureLatency: number,
    now: () => number,
  ) {
    super(connection, index);
    this.#decay = decay;
    this.#now = now;
    this.#silentSince = now();
    observeOutcomes(
      connection,
      this.#life,
      (ok, durationMs) => {
        if (durationMs !== undefined) this.#observe(ok ? durationMs : Math.max(durationMs, failureLatency));
      },
      () => {
        this.#latency = undefined;
      },
    );
  }

  /** A connection without history gets one request, and the next after the first is answered. */
  get cost(): number {
    const { load } = this;
    if (this.#latency === undefined) return load === 0 ? 0 : PENALTY + load;
    const now = this.#now();
    // A pending reply is at least as slow as the wait for it so far.
    const silence = load === 0 ? 0 : now - this.#silentSince;
    return Math.max(MIN_LATENCY, this.#latency * this.#decayFactor(now), silence) * (load + 1);
  }

  override onLoad(from: number, to: number): void {
    super.onLoad(from, to);
    if (from === 0 || to < from) this.#silentSince = this.#now();
  }

  override dispose(): void {
    this.#life.unsubscribe();
    super.dispose();
  }

  #observe(latency: number): void {
    const before = this.#latency ?? 0;
    const now = this.#now();
    this.#latency = latency >= before ? latency : latency + (before - latency) * this.#decayFactor(now);
    this.#observedAt = now;
  }

  /** The factor by which the latest observation has decayed. */
  #decayFactor(now: number): number {
    return Math.exp((this.#observedAt - now) / this.#decay);
  }
}

/**
 * Picks the connection that should answer first. Two connections are drawn at random; the one with the smaller product
 * of latency and load, counting the new request, is picked.
 *
 * The latency is a peak-sensitive moving average. A slow reply raises it at once; then it decays exponentially, so that
 * a slow connection is tried again. If a connection with requests in flight has been silent for longer than its
 * latency, that time is used instead.
 *
 * Drawing two avoids reading all costs, which change with time. If the picked load is more than twice the least of all
 * (plus one), the connection with the least load is compared as well. If both drawn connections are refused, `pick`
 * returns the accepted one with the least cost.
 *
 * Latencies are read from `outcomes$`, or else from the pool's `use` and `withConnection`. A connection without history
 * gets one request until it has answered. Without either source, or once `outcomes$` has completed, the load is the
 * cost.
 *
 * Emits one picker that stays current, at once and again for each array. Completes and errors with its source, and
 * errors when `random` throws; after that, and after unsubscription, `pick` returns `undefined`. Random numbers are
 * drawn ahead, as in {@link powerOfTwoChoices}.
 *
 * ```text
 * source:     --[a,b]-----------------------|
 * a.outcomes$: ----(5 ms)---(90 ms)----------
 * b.outcomes$: ----(5 ms)---------(5 ms)-----
 * peakEwma(): --P---------------------------|
 * P.pick():     a, b    b, a     b, b, b
 * ```
 *
 * @throws RangeError, TypeError for invalid options.
 * @example
 * ```ts
 * const pool = new ConnectionPool(8, () => new ZcachedConnection({ port }), { select: peakEwma() });
 * ```
 */
export function peakEwma<C extends Connection, K = void>(options: PeakEwmaOptions = {}): Strategy<C, K> {
  checkEach('options', options, {
    decay: checkDuration,
    failureLatency: checkDuration,
    random: checkFunction,
    scheduler: checkScheduler,
  });
  const { decay = 10_000, failureLatency = 1_000, random = platformRandom, scheduler = asyncScheduler } = options;
  if (decay === 0) throw outOfRange('options.decay', 'more than 0', decay);
  return strategyFrom(() => {
    const now = monotonicClock(scheduler);
    return new TwoChoices<C, K, PeakEwmaNode<C>>(
      random,
      (connection, index) => new PeakEwmaNode(connection, index, decay, failureLatency, now),
    );
  });
}
