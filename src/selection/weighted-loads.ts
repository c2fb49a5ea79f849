import { type SchedulerLike, Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { observeOutcomes } from '../connection/outcomes.js';
import { outOfRange } from '../errors.js';
import type { Balancer } from './balancer.js';
import { Heap, type HeapNode } from './heap.js';
import { monotonicClock } from './monotonic-clock.js';
import { RecordNode } from './node.js';

/** Options of {@link WeightedLoads}. */
export interface Weighting<C> {
  /** Returns the weight of a connection. */
  weight(connection: C): number;
  /** Milliseconds until a new connection has its full weight; 0 for at once. */
  readonly slowStart: number;
  /** Time constant, in milliseconds, with which a failure decays; 0 if failures do not count. */
  readonly failurePenalty: number;
  readonly scheduler: SchedulerLike;
}

/** The ratio of the full weight that a new connection starts with. */
const MIN_WEIGHT = 0.1;

/** Failures below this count as 0. Otherwise an idle pool would never again pick a connection that failed once. */
const NEGLIGIBLE = 0.05;

/** Decaying nodes are refreshed after this ratio of `slowStart` or `failurePenalty`. */
const REFRESH_STEP = 0.01;

/** A connection with its cost and its virtual time, as in weighted fair queueing. */
class WeightedNode<C extends Connection> extends RecordNode<C> implements HeapNode {
  position = -1;
  /** The load and the decayed failures, divided by the weight. */
  cost = 0;
  /** The order among nodes of equal cost. Each pick adds the inverse of the weight. */
  virtualTime = 0;
  /** A pseudo-random order among nodes of equal virtual time, so that callers in a fixed rhythm get different nodes. */
  tieBreaker = 0;
  /** The weight at the latest refresh: less than the full weight during slow start. */
  weight = 0;
  /** Failed requests, decayed. */
  failures = 0;
  /** When `failures` last decayed. */
  #decayedAt = 0;
  readonly #fullWeight: number;
  readonly #joinedAt: number;
  readonly #life = new Subscription();

  constructor(connection: C, weight: number, now: number) {
    super(connection);
    this.#fullWeight = weight;
    this.#joinedAt = now;
  }

  /** Brings the weight and the failures up to date; returns whether time will change them further. */
  decay(now: number, { slowStart, failurePenalty }: Weighting<C>): boolean {
    const age = now - this.#joinedAt;
    const isNew = age < slowStart;
    this.weight = isNew ? this.#fullWeight * Math.max(MIN_WEIGHT, age / slowStart) : this.#fullWeight;
    if (this.failures > 0) this.failures *= Math.exp((this.#decayedAt - now) / failurePenalty);
    if (this.failures < NEGLIGIBLE) this.failures = 0;
    this.#decayedAt = now;
    return isNew || this.failures > 0;
  }

  updateCost(): void {
    this.cost = (this.load + this.failures) / this.weight;
  }

  listen(loadChanged: () => void, failed: (() => void) | undefined): void {
    this.#life.add(this.record.listen({ onLoad: loadChanged }));
    if (failed) observeOutcomes(this.connection, this.#life, (ok) => ok || failed());
  }

  override dispose(): void {
    this.#life.unsubscribe();
    super.dispose();
  }
}

const isBefore = (a: WeightedNode<Connection>, b: WeightedNode<Connection>): boolean => {
  if (a.cost !== b.cost) return a.cost < b.cost;
  return a.virtualTime !== b.virtualTime ? a.virtualTime < b.virtualTime : a.tieBreaker < b.tieBreaker;
};

/**
 * Picks the node with the least cost: its load divided by its weight. Nodes of equal cost take turns in proportion to
 * their weights, because each pick adds the inverse of the weight to the node's virtual time.
 */
export class WeightedLoads<C extends Connection, K> implements Balancer<C, K, WeightedNode<C>> {
  readonly #weighting: Weighting<C>;
  readonly #now: () => number;
  readonly #heap = new Heap<WeightedNode<C>>(isBefore);
  /** Nodes whose cost changes with time. A pick refreshes them when `#step` has passed since the latest refresh. */
  readonly #decaying = new Set<WeightedNode<C>>();
  readonly #step: number;
  #refreshedAt = 0;
  /** The virtual time of the latest pick. A node that lags behind it was busy or away, and does not catch up. */
  #virtualTime = 0;
  #seed = 1;

  constructor(weighting: Weighting<C>) {
    const { slowStart, failurePenalty, scheduler } = weighting;
    this.#weighting = weighting;
    this.#now = monotonicClock(scheduler);
    this.#step = REFRESH_STEP * Math.min(slowStart || failurePenalty, failurePenalty || slowStart);
  }

  add(connection: C): WeightedNode<C> {
    const weight = this.#weightOf(connection);
    const now = this.#now();
    const node = new WeightedNode(connection, weight, now);
    node.tieBreaker = this.#draw();
    this.#decay(node, now);
    node.updateCost();
    this.#heap.add(node);
    const failed = this.#weighting.failurePenalty > 0 ? () => this.#addFailure(node) : undefined;
    node.listen(() => this.#update(node), failed);
    return node;
  }

  remove(node: WeightedNode<C>): void {
    node.dispose();
    this.#decaying.delete(node);
    this.#heap.remove(node);
  }

  pick(key: K, accepts: ((node: WeightedNode<C>) => boolean) | undefined): WeightedNode<C> | undefined {
    const node = this.peek(key, accepts);
    if (node) this.#advance(node);
    return node;
  }

  peek(_key: K, accepts: ((node: WeightedNode<C>) => boolean) | undefined): WeightedNode<C> | undefined {
    this.#refresh();
    return accepts ? this.#heap.find(accepts) : this.#heap.first;
  }

  #advance(node: WeightedNode<C>): void {
    this.#virtualTime = Math.max(this.#virtualTime, node.virtualTime);
    node.virtualTime = this.#virtualTime + 1 / node.weight;
    node.tieBreaker = this.#draw();
    this.#heap.update(node);
  }

  #update(node: WeightedNode<C>): void {
    node.updateCost();
    this.#heap.update(node);
  }

  #addFailure(node: WeightedNode<C>): void {
    this.#decay(node, this.#now());
    node.failures++;
    this.#decaying.add(node);
    this.#update(node);
  }

  #decay(node: WeightedNode<C>, now: number): void {
    if (node.decay(now, this.#weighting)) this.#decaying.add(node);
    else this.#decaying.delete(node);
  }

  #refresh(): void {
    if (this.#decaying.size === 0) return;
    const now = this.#now();
    if (now - this.#refreshedAt < this.#step) return;
    this.#refreshedAt = now;
    for (const node of this.#decaying) {
      this.#decay(node, now);
      this.#update(node);
    }
  }

  #draw(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) | 0;
    return this.#seed;
  }

  #weightOf(connection: C): number {
    const weight: unknown = this.#weighting.weight(connection);
    if (typeof weight === 'number' && weight > 0 && weight < Number.POSITIVE_INFINITY) return weight;
    throw outOfRange('options.weight(connection)', 'a positive number', weight);
  }
}
