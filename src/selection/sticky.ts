import { checkFunction, checkObject } from '../checks.js';
import type { Connection } from '../connection/connection.js';
import { wrongType } from '../errors.js';
import { Bag, type Bagged } from './bag.js';
import { type Chooser, choosingBy } from './chooser.js';
import { hashOf, mix } from './hash.js';
import type { Strategy } from './picker.js';
import { Seat } from './seat.js';

/** How connections are told apart. */
export interface StickyOptions<C> {
  /**
   * The name by which a connection keeps its keys: of the server it leads to, say, to be the same after a restart
   * and in every process. Connections of the same name share its keys, and the less loaded one answers. Asked for
   * when the connection enters the source. @default a name of its own for each connection
   */
  readonly idOf?: ((connection: C) => string) | undefined;
}

const numbers = new WeakMap<object, number>();
let numbered = 0;

/** A name that a connection keeps wherever and however often it comes, and no other has. */
function ownName(connection: object): string {
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

class NamedSeat<C extends Connection> extends Seat<C> implements Bagged {
  position = -1;
  // Two hashes, so that no two names are likely to be alike in all.
  readonly #hash: number;
  readonly #other: number;

  constructor(connection: C, name: string) {
    super(connection);
    this.#hash = hashOf(name);
    this.#other = hashOf(name, 1);
  }

  affinity(key: number): number {
    return mix(mix(key ^ this.#hash) ^ this.#other);
  }
}

/** Rendezvous hashing: a key goes to the connection with the highest affinity to it. */
class Rendezvous<C extends Connection, K> implements Chooser<C, K, NamedSeat<C>> {
  readonly #bag = new Bag<NamedSeat<C>>();

  constructor(
    readonly keyOf: (key: K) => string,
    readonly idOf: (connection: C) => string,
  ) {}

  seat(connection: C): NamedSeat<C> {
    const name = checked('options.idOf(connection)', this.idOf(connection));
    const seat = new NamedSeat(connection, name);
    this.#bag.add(seat);
    return seat;
  }

  unseat(seat: NamedSeat<C>): void {
    this.#bag.remove(seat);
    seat.leave();
  }

  pick(key: K, accepts: ((seat: NamedSeat<C>) => boolean) | undefined): NamedSeat<C> | undefined {
    // Nobody is there after the end, when keys may be of any kind.
    if (this.#bag.items.length === 0) return undefined;
    if (key === undefined) throw wrongType('key', 'given: the strategy chooses by it', key);
    const hash = hashOf(checked('keyOf(key)', this.keyOf(key)));
    let best: NamedSeat<C> | undefined;
    let highest = 0;
    for (const seat of this.#bag.items) {
      const affinity = seat.affinity(hash);
      const isBetter = !best || affinity > highest || (affinity === highest && seat.load < best.load);
      if (!isBetter || (accepts && !accepts(seat))) continue;
      best = seat;
      highest = affinity;
    }
    return best;
  }

  peek(key: K, accepts: ((seat: NamedSeat<C>) => boolean) | undefined): NamedSeat<C> | undefined {
    return this.pick(key, accepts);
  }
}

/**
 * The same connection for the same key, by rendezvous hashing: when one comes or goes, only the keys move that are
 * or were its own, and those spread evenly over the others. Where that connection is not accepted, the next best
 * for the key. A pick hashes the key once and mixes it with each connection: some nanoseconds for each of them.
 *
 * Emits its picker, which stays current, at once and for each array. Completes and errors with its source, and
 * errors with what `idOf` throws; after that, and after unsubscription, `pick` answers `undefined`. `pick` throws
 * what `keyOf` throws, and a `TypeError` when that returns no string and where no key is given.
 *
 * ```text
 * source:        --[a,b]-----------[a,b,c]-----------[a,c]-------|
 * sticky():      --P---------------P-----------------P-----------|
 * P.pick(1..4):    a, b, b, a      a, c, b, a        a, c, c, a
 * ```
 *
 * @param keyOf - the text that stands for a key.
 * @throws RangeError, TypeError for arguments that cannot be.
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
  checkObject('options', options);
  const { idOf = ownName } = options;
  checkFunction('options.idOf', idOf);
  return choosingBy(() => new Rendezvous(keyOf, idOf));
}
