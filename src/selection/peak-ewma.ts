import { type SchedulerLike, Subscription } from 'rxjs';
import { checkDuration, checkObject } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { observeOutcomes } from '../connection/outcomes.js';
import { resolveRandom, resolveScheduler } from '../defaults.js';
import { outOfRange } from '../errors.js';
import { choosingBy } from './chooser.js';
import type { Strategy } from './picker.js';
import { Seat } from './seat.js';
import { stopwatch } from './stopwatch.js';
import { type Costly, TwoChoices } from './two-choices.js';

/** How latency is remembered. Durations are in milliseconds. */
export interface PeakEwmaOptions {
  /** How long until what was seen is remembered by no more than a third (1/e). @default 10000 */
  readonly decay?: number | undefined;
  /** A request that failed counts as one that took at least so long: failing is no way of being fast. @default 1000 */
  readonly failurePenalty?: number | undefined;
  /** A number in [0, 1), for drawing candidates. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Where time comes from. @default asyncScheduler */
  readonly scheduler?: SchedulerLike | undefined;
}

/** Milliseconds below which latencies are alike, so that load still counts where replies take next to no time. */
const LEAST_LATENCY = 0.1;

/** The cost of what carries requests and has answered none yet: beyond any other, and a load can be added to it. */
const UNPROVEN = 2 ** 52;

/** The latency of one connection: a slow reply is believed at once, fast ones bit by bit. */
class TimedSeat<C extends Connection> extends Seat<C> implements Costly<C> {
  position = -1;
  #latency: number | undefined;
  #seenAt = 0;
  readonly #decay: number;
  readonly #elapsed: () => number;
  readonly #life = new Subscription();

  constructor(connection: C, decay: number, failurePenalty: number, elapsed: () => number) {
    super(connection);
    this.#decay = decay;
    this.#elapsed = elapsed;
    observeOutcomes(
      connection,
      this.#life,
      (ok, durationMs) => {
        if (durationMs !== undefined) this.#see(ok ? durationMs : Math.max(durationMs, failurePenalty));
      },
      () => {
        this.#latency = undefined;
      },
    );
  }

  /** With no history, one request is a fair try, and more than one is a guess. */
  get cost(): number {
    const { load } = this;
    if (this.#latency === undefined) return load === 0 ? 0 : UNPROVEN + load;
    return Math.max(LEAST_LATENCY, this.#latency * this.#fading()) * (load + 1);
  }

  override leave(): void {
    this.#life.unsubscribe();
    super.leave();
  }

  #see(latency: number): void {
    const before = this.#latency ?? 0;
    this.#latency = latency >= before ? latency : latency + (before - latency) * this.#fading();
    this.#seenAt = this.#elapsed();
  }

  /** What is left of something seen when something was seen last. */
  #fading(): number {
    return Math.exp((this.#seenAt - this.#elapsed()) / this.#decay);
  }
}

/**
 * The connection that is expected to answer first: of two drawn at random, the one with the smaller product of its
 * latency and its load with the new request. Latency is a moving average that is sensitive to peaks: a slow reply
 * counts at once, and is forgotten exponentially with time, so that who was slow is tried again. Two are drawn
 * because costs change with every moment: to rank all would take looking at all.
 *
 * Latencies come from `outcomes$`. A connection with no history gets one request until it has answered; without
 * `outcomes$`, or once that has ended, connections are ranked by load. Where neither of the two drawn is accepted,
 * the cheapest that is.
 *
 * Emits its picker, which stays current, at once and for each array. Completes and errors with its source, and
 * errors with what `random` throws; after that, and after unsubscription, `pick` answers `undefined`. The draw is
 * made ahead, as in {@link powerOfTwoChoices}.
 *
 * ```text
 * source:     --[a,b]-----------------------|
 * a.outcomes$: ----(5 ms)---(90 ms)----------
 * b.outcomes$: ----(5 ms)---------(5 ms)-----
 * peakEwma(): --P---------------------------|
 * P.pick():     a, b    b, a     b, b, b
 * ```
 *
 * @throws RangeError, TypeError for options that cannot be.
 * @example
 * ```ts
 * const pool = new ConnectionPool(8, () => new ZcachedConnection({ port }), { select: peakEwma() });
 * ```
 */
export function peakEwma<C extends Connection, K = void>(options: PeakEwmaOptions = {}): Strategy<C, K> {
  checkObject('options', options);
  const { decay = 10_000, failurePenalty = 1_000 } = options;
  checkDuration('options.decay', decay);
  if (decay === 0) throw outOfRange('options.decay', 'more than 0', decay);
  checkDuration('options.failurePenalty', failurePenalty);
  const random = resolveRandom(options.random);
  const scheduler = resolveScheduler(options.scheduler);
  return choosingBy(() => {
    const elapsed = stopwatch(scheduler);
    return new TwoChoices<C, K, TimedSeat<C>>(
      random,
      (connection) => new TimedSeat(connection, decay, failurePenalty, elapsed),
    );
  });
}
