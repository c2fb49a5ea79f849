import type { Connection } from '../connection/connection.js';
import type { Balancer } from './balancer.js';
import type { RecordNode } from './node.js';
import { SwapList, type SwapListItem } from './swap-list.js';

/** A node with a cost. */
export interface CostNode<C extends Connection> extends RecordNode<C>, SwapListItem {
  readonly cost: number;
}

const cheaper = <S extends { readonly cost: number }>(a: S | undefined, b: S | undefined): S | undefined =>
  a && b ? (b.cost < a.cost ? b : a) : (a ?? b);

/** An index below `count` by a number in [0, 1); a number outside of that range is clamped. */
const indexOf = (number: number, count: number): number =>
  Math.max(0, Math.min(count - 1, Math.floor(number * count) || 0));

/** The node with the smaller cost of two drawn at random. Both numbers are drawn ahead, so that `peek` knows the pick. */
export class TwoChoices<C extends Connection, K, S extends CostNode<C>> implements Balancer<C, K, S> {
  readonly #nodes = new SwapList<S>();
  readonly #random: () => number;
  readonly #createNode: (connection: C) => S;
  #firstDraw: number;
  #secondDraw: number;

  constructor(random: () => number, createNode: (connection: C) => S) {
    this.#random = random;
    this.#createNode = createNode;
    this.#firstDraw = random();
    this.#secondDraw = random();
  }

  add(connection: C): S {
    const node = this.#createNode(connection);
    this.#nodes.add(node);
    return node;
  }

  remove(node: S): void {
    this.#nodes.remove(node);
    node.dispose();
  }

  pick(key: K, accepts: ((node: S) => boolean) | undefined): S | undefined {
    const node = this.peek(key, accepts);
    this.#firstDraw = this.#random();
    this.#secondDraw = this.#random();
    return node;
  }

  peek(_key: K, accepts: ((node: S) => boolean) | undefined): S | undefined {
    return accepts ? this.#accepted(accepts) : cheaper(this.#first, this.#second);
  }

  #accepted(accepts: (node: S) => boolean): S | undefined {
    const [first, second] = [this.#first, this.#second];
    const taken = cheaper(first && accepts(first) ? first : undefined, second && accepts(second) ? second : undefined);
    return taken ?? this.#cheapest(accepts);
  }

  /** The accepted node with the least cost; a random one among equals. */
  #cheapest(accepts: (node: S) => boolean): S | undefined {
    const { items } = this.#nodes;
    // The fraction that the first draw left unused: its integer part is the index of a node that was refused.
    const chance = (this.#firstDraw * items.length) % 1;
    let equals: S[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (const node of items) {
      const { cost } = node;
      if (cost > least || !accepts(node)) continue;
      if (cost < least) equals = [];
      least = cost;
      equals.push(node);
    }
    return equals[indexOf(chance, equals.length)];
  }

  get #first(): S | undefined {
    const { items } = this.#nodes;
    return items[indexOf(this.#firstDraw, items.length)];
  }

  /** Drawn from all nodes but the first. */
  get #second(): S | undefined {
    const { items } = this.#nodes;
    const place = indexOf(this.#secondDraw, items.length - 1);
    return items[place < indexOf(this.#firstDraw, items.length) ? place : place + 1];
  }
}
