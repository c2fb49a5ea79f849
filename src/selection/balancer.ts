import { Observable, type Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { forEachMember } from '../streams/for-each-member.js';
import type { Picker, Strategy } from './picker.js';

/** The data of a picker about one connection. */
export interface Node<C> {
  readonly connection: C;
}

/** The part in which strategies differ: their data about each connection, and the choice. */
export interface Balancer<C, K, P extends Node<C>> {
  /** Called when a connection enters the source. */
  add(connection: C): P;
  /** Called when the connection leaves the source. */
  remove(node: P): void;
  /** Chooses a node. `accepts` may call `add`, `remove` and `pick`. */
  pick(key: K, accepts: ((node: P) => boolean) | undefined): P | undefined;
  /** The node that `pick` would choose; changes no state. */
  peek(key: K, accepts: ((node: P) => boolean) | undefined): P | undefined;
}

/** Adapts a balancer to the {@link Picker} interface, and counts its nodes. */
class BalancerPicker<C extends Connection, K, P extends Node<C>> implements Picker<C, K> {
  readonly #balancer: Balancer<C, K, P>;
  #size = 0;

  constructor(balancer: Balancer<C, K, P>) {
    this.#balancer = balancer;
  }

  get size(): number {
    return this.#size;
  }

  add(connection: C, presence: Subscription): void {
    const node = this.#balancer.add(connection);
    this.#size++;
    presence.add(() => {
      this.#size--;
      this.#balancer.remove(node);
    });
  }

  pick(key: K, accepts?: (connection: C) => boolean): C | undefined {
    return this.#balancer.pick(key, accepts && (({ connection }) => accepts(connection)))?.connection;
  }

  peek(key: K, accepts?: (connection: C) => boolean): C | undefined {
    return this.#balancer.peek(key, accepts && (({ connection }) => accepts(connection)))?.connection;
  }
}

/** Makes a strategy from a balancer. Each subscription calls `create` for its own balancer. */
export const strategyFrom =
  <C extends Connection, K, P extends Node<C>>(create: () => Balancer<C, K, P>): Strategy<C, K> =>
  (source) =>
    new Observable((subscriber) => {
      const picker = new BalancerPicker(create());
      const emit = (): void => subscriber.next(picker);
      forEachMember(source, subscriber, (connection, presence) => picker.add(connection, presence), emit);
    });
