import type { Connection } from '../connection/connection.js';
import { type Balancer, type Node, strategyFrom } from './balancer.js';
import type { Strategy } from './picker.js';

/** A connection in a ring: a node of a circular, doubly linked list. */
interface RingNode<C> extends Node<C> {
  previous: RingNode<C>;
  next: RingNode<C>;
}

function createNode<C>(connection: C): RingNode<C> {
  const node = { connection } as RingNode<C>;
  node.previous = node.next = node;
  return node;
}

/** The connections in the order in which they entered the source, and the next node. */
class Ring<C extends Connection, K> implements Balancer<C, K, RingNode<C>> {
  #size = 0;
  #last: RingNode<C> | undefined;
  #next: RingNode<C> | undefined;

  add(connection: C): RingNode<C> {
    const node = createNode(connection);
    if (this.#last) {
      node.previous = this.#last;
      node.next = this.#last.next;
      node.previous.next = node.next.previous = node;
    }
    this.#size++;
    this.#last = node;
    this.#next ??= node;
    return node;
  }

  remove(node: RingNode<C>): void {
    const { previous, next } = node;
    this.#size--;
    const isAlone = next === node;
    previous.next = next;
    next.previous = previous;
    if (this.#next === node) this.#next = isAlone ? undefined : next;
    if (this.#last === node) this.#last = isAlone ? undefined : previous;
  }

  pick(_key: K, accepts: ((node: RingNode<C>) => boolean) | undefined): RingNode<C> | undefined {
    for (let tries = this.#size; this.#next && tries > 0; tries--) {
      const node = this.#next;
      this.#next = node.next;
      if (!accepts || accepts(node)) return node;
    }
    return undefined;
  }

  peek(_key: K, accepts: ((node: RingNode<C>) => boolean) | undefined): RingNode<C> | undefined {
    let node = this.#next;
    for (let tries = this.#size; node && tries > 0; tries--) {
      if (!accepts || accepts(node)) return node;
      node = node.next;
    }
    return undefined;
  }
}

/**
 * Picks all connections in turn, in the order in which they entered the source, whatever their load. A connection that
 * enters goes to the end of the order; one that leaves does not change the turns of the others. Refused connections are
 * skipped. Constant time.
 *
 * Emits one picker that stays current, at once and again for each array. Completes and errors with its source; after
 * that, and after unsubscription, `pick` returns `undefined`.
 *
 * ```text
 * source:       --[a,b]---------[a,b,c]----[b,c]--|
 * roundRobin(): --P-------------P----------P------|
 * P.pick():       a, b, a       b, c, a    b, c
 * ```
 * @example
 * ```ts
 * pool.connected$.pipe(roundRobin()).subscribe((picker) => picker.pick()?.send('PING'));
 * ```
 */
export function roundRobin<C extends Connection, K = void>(): Strategy<C, K> {
  return strategyFrom(() => new Ring<C, K>());
}
