import type { Connection } from '../connection/connection.js';
import type { Balancer } from './balancer.js';
import { LoadIndex } from './load-index.js';
import type { RankedNode } from './node.js';

/** A node with a cost. */
export interface CostNode<C extends Connection> extends RankedNode<C> {
  readonly cost: number;
}

const cheaper = <S extends { readonly cost: number }>(a: S | undefined, b: S | undefined): S | undefined =>
  a && b ? (b.cost < a.cost ? b : a) : (a ?? b);

/** The index below `count` that a number in [0, 1) stands for; a number outside of that range is clamped. */
const indexOf = (number: number, count: number): number =>
  Math.max(0, Math.min(count - 1, Math.floor(number * count) || 0));

/** Whether a load is far above the least. Few connections get that far while all answer. */
const isFarAbove = (load: number, least: number): boolean => load > 2 * least + 1;

/**
 * Picks the node with the smaller cost of two drawn at random. Both random numbers are drawn ahead, so that `peek`
 * knows the next pick.
 *
 * Both nodes may belong to stopped servers. So if the winner's load is far above the least load, the node with the
 * least load competes as well. A stopped server then gets few requests more than with `leastLoaded`.
 */
export class TwoChoices<C extends Connection, K, S extends CostNode<C>> implements Balancer<C, K, S> {
  readonly #nodes = new LoadIndex<S>();
  readonly #random: () => number;
  readonly #createNode: (connection: C, index: LoadIndex<S>) => S;
  #firstDraw: number;
  #secondDraw: number;

  constructor(random: () => number, createNode: (connection: C, index: LoadIndex<S>) => S) {
    this.#random = random;
    this.#createNode = createNode;
    this.#firstDraw = random();
    this.#secondDraw = random();
  }

  add(connection: C): S {
    return this.#createNode(connection, this.#nodes);
  }

  remove(node: S): void {
    node.dispose();
  }

  pick(_key: K, accepts: ((node: S) => boolean) | undefined): S | undefined {
    const node = this.#choose(accepts, (index) => index.pick(accepts));
    this.#firstDraw = this.#random();
    this.#secondDraw = this.#random();
    return node;
  }

  peek(_key: K, accepts: ((node: S) => boolean) | undefined): S | undefined {
    return this.#choose(accepts, (index) => index.peek(accepts));
  }

  #choose(accepts: ((node: S) => boolean) | undefined, leastOf: (index: LoadIndex<S>) => S | undefined): S | undefined {
    const drawn = accepts ? this.#accepted(accepts) : cheaper(this.#first, this.#second);
    if (!drawn || !isFarAbove(drawn.load, this.#nodes.least)) return drawn;
    return cheaper(drawn, leastOf(this.#nodes));
  }

  #accepted(accepts: (node: S) => boolean): S | undefined {
    const [first, second] = [this.#first, this.#second];
    const taken = cheaper(first && accepts(first) ? first : undefined, second && accepts(second) ? second : undefined);
    return taken ?? this.#cheapest(accepts);
  }

  /** The accepted node with the least cost; a random one among equals. */
  #cheapest(accepts: (node: S) => boolean): S | undefined {
    const nodes = this.#nodes;
    // The fraction of the first draw. Its integer part is used up: it is the index of a refused node.
    const chance = (this.#firstDraw * nodes.size) % 1;
    let equals: S[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (let place = 0; place < nodes.size; place++) {
      const node = nodes.at(place) as S;
      const { cost } = node;
      if (cost > least || !accepts(node)) continue;
      if (cost < least) equals = [];
      least = cost;
      equals.push(node);
    }
    return equals[indexOf(chance, equals.length)];
  }

  get #first(): S | undefined {
    const nodes = this.#nodes;
    return nodes.at(indexOf(this.#firstDraw, nodes.size));
  }

  /** Drawn from all nodes except the first. */
  get #second(): S | undefined {
    const nodes = this.#nodes;
    const place = indexOf(this.#secondDraw, nodes.size - 1);
    return nodes.at(place < indexOf(this.#firstDraw, nodes.size) ? place : place + 1);
  }
}
