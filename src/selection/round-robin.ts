import type { Connection } from '../connection/connection.js';
import { type Chooser, choosingBy, type Place } from './chooser.js';
import type { Strategy } from './picker.js';

/** A connection's place in a ring. */
interface Link<C> extends Place<C> {
  previous: Link<C>;
  next: Link<C>;
}

function linkOf<C>(connection: C): Link<C> {
  const link = { connection } as Link<C>;
  link.previous = link.next = link;
  return link;
}

/** Everybody in order of joining, and whose turn it is. */
class Ring<C extends Connection, K> implements Chooser<C, K, Link<C>> {
  #size = 0;
  #last: Link<C> | undefined;
  #turn: Link<C> | undefined;

  seat(connection: C): Link<C> {
    const link = linkOf(connection);
    if (this.#last) {
      link.previous = this.#last;
      link.next = this.#last.next;
      link.previous.next = link.next.previous = link;
    }
    this.#size++;
    this.#last = link;
    this.#turn ??= link;
    return link;
  }

  unseat(link: Link<C>): void {
    const { previous, next } = link;
    this.#size--;
    const isAlone = next === link;
    previous.next = next;
    next.previous = previous;
    if (this.#turn === link) this.#turn = isAlone ? undefined : next;
    if (this.#last === link) this.#last = isAlone ? undefined : previous;
  }

  pick(_key: K, accepts: ((link: Link<C>) => boolean) | undefined): Link<C> | undefined {
    for (let tries = this.#size; this.#turn && tries > 0; tries--) {
      const link = this.#turn;
      this.#turn = link.next;
      if (!accepts || accepts(link)) return link;
    }
    return undefined;
  }

  peek(_key: K, accepts: ((link: Link<C>) => boolean) | undefined): Link<C> | undefined {
    let link = this.#turn;
    for (let tries = this.#size; link && tries > 0; tries--) {
      if (!accepts || accepts(link)) return link;
      link = link.next;
    }
    return undefined;
  }
}

/**
 * Everybody in turn, in the order in which they came to the source, whatever they carry. Whoever comes is last;
 * when somebody leaves, nobody else loses a turn or gets one more. Those that are not accepted are passed over.
 *
 * Emits its picker, which stays current, at once and for each array. Completes and errors with its source; after
 * that, and after unsubscription, `pick` answers `undefined`. Constant time.
 *
 * ```text
 * source:       --[a,b]---------[a,b,c]----[b,c]--|
 * roundRobin(): --P-------------P----------P------|
 * P.pick():       a, b, a       b, c, a    b, c
 * ```
 *
 * @example
 * ```ts
 * pool.connected$.pipe(roundRobin()).subscribe((picker) => picker.pick()?.send('PING'));
 * ```
 */
export function roundRobin<C extends Connection, K = void>(): Strategy<C, K> {
  return choosingBy(() => new Ring<C, K>());
}
