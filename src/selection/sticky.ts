import { checkEach, checkFunction } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { wrongType } from '../errors.js';
import { type Balancer, strategyFrom } from './balancer.js';
import { hashOf, mix } from './hash.js';
import { RecordNode } from './node.js';
import type { Strategy } from './picker.js';
import { SwapList, type SwapListItem } from './swap-list.js';

/** Options of {@link sticky}. */
export interface StickyOptions<C> {
  /**
   * Returns the identity of a connection, to which keys are mapped. If it is the name of a server, a key maps to that
   * server after a restart and in every process. Connections with the same identity share its keys; the one with the
   * smaller load is picked. Called when the connection enters the source.
   * @default a unique identity for each connection object
   */
  readonly idOf?: ((connection: C) => string) | undefined;
}

const numbers = new WeakMap<object, number>();
let numbered = 0;

/** A unique identity of a connection object: the same in every picker, and after it has left and come back. */
function identityOf(connection: object): string {
  let number = numbers.get(connection);
  if (number === undefined) {
    number = numbered++;
    numbers.set(connection, number);
  }
  return String(number);
}

function checked(argument: string, text: unknown): string {
  if (typeof text !== 'string') throw wrongType(argument, 'a string', text);
  return text;
}

class HashNode<C extends Connection> extends RecordNode<C> implements SwapListItem {
  position = -1;
  // Two hashes, so that two names rarely have the same score for a key.
  readonly #hash: number;
  readonly #other: number;

  constructor(connection: C, name: string) {
    super(connection);
    this.#hash = hashOf(name);
    this.#other = hashOf(name, 1);
  }

  score(key: number): number {
    return mix(mix(key ^ this.#hash) ^ this.#other);
  }
}

/** Rendezvous hashing: a key is mapped to the connection with the highest score for it. */
class Rendezvous<C extends Connection, K> implements Balancer<C, K, HashNode<C>> {
  readonly #nodes = new SwapList<HashNode<C>>();

  constructor(
    readonly keyOf: (key: K) => string,
    readonly idOf: (connection: C) => string,
  ) {}

  add(connection: C): HashNode<C> {
    const name = checked('options.idOf(connection)', this.idOf(connection));
    const node = new HashNode(connection, name);
    this.#nodes.add(node);
    return node;
  }

  remove(node: HashNode<C>): void {
    this.#nodes.remove(node);
    node.dispose();
  }

  pick(key: K, accepts: ((node: HashNode<C>) => boolean) | undefined): HashNode<C> | undefined {
    // After unsubscription there are no nodes, and `pick` returns undefined for any key.
    if (this.#nodes.items.length === 0) return undefined;
    if (key === undefined) throw wrongType('key', 'given: the strategy chooses by it', key);
    const hash = hashOf(checked('keyOf(key)', this.keyOf(key)));
    let best: HashNode<C> | undefined;
    let highest = 0;
    for (const node of this.#nodes.items) {
      const score = node.score(hash);
      const isBetter = !best || score > highest || (score === highest && node.load < best.load);
      if (!isBetter || (accepts && !accepts(node))) continue;
      best = node;
      highest = score;
    }
    return best;
  }

  peek(key: K, accepts: ((node: HashNode<C>) => boolean) | undefined): HashNode<C> | undefined {
    return this.pick(key, accepts);
  }
}

/**
 * Picks the same connection for the same key, by rendezvous hashing. When a connection leaves, its keys are spread
 * evenly over the others; when one enters, it takes an even part of the keys of each. All other keys stay. If a
 * connection is refused, `pick` returns the next best for the key. The time of a pick grows with the number of
 * connections, by some nanoseconds for each.
 *
 * Emits one picker that stays current, at once and again for each array. Completes and errors with its source, and
 * errors when `idOf` throws; after that, and after unsubscription, `pick` returns `undefined`. `pick` throws the error
 * of `keyOf`, and a `TypeError` if `keyOf` returns no string or no key is given.
 *
 * ```text
 * source:        --[a,b]-----------[a,b,c]-----------[a,c]-------|
 * sticky():      --P---------------P-----------------P-----------|
 * P.pick(1..4):    a, b, b, a      a, c, b, a        a, c, c, a
 * ```
 *
 * @param keyOf - returns the text of a key, which is hashed.
 * @throws RangeError, TypeError for invalid arguments.
 * @example
 * ```ts
 * const select = sticky((user: User) => user.id, { idOf: (replica: Replica) => replica.host });
 * const pool = new ConnectionPool(8, nextReplica, { select });
 * await pool.use((replica) => replica.query('select 1'), { key: user });
 * ```
 */
export function sticky<C extends Connection, K>(
  keyOf: (key: K) => string,
  options: StickyOptions<C> = {},
): Strategy<C, K> {
  checkFunction('keyOf', keyOf);
  checkEach('options', options, { idOf: checkFunction });
  const { idOf = identityOf } = options;
  return strategyFrom(() => new Rendezvous(keyOf, idOf));
}
