import { Observable, type Subscription } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { forEachMember } from '../streams/for-each-member.js';
import type { Picker, Strategy } from './picker.js';

/** A connection's place in one picker. */
export interface Place<C> {
  readonly connection: C;
}

/** What one strategy has of its own: what it keeps of each connection, and whom it takes. */
export interface Chooser<C, K, P extends Place<C>> {
  /** Takes a connection in. */
  seat(connection: C): P;
  /** Lets it go; the place has ended. */
  unseat(place: P): void;
  /** May be re-entered by what `accepts` does. */
  pick(key: K, accepts: ((place: P) => boolean) | undefined): P | undefined;
  /** Whom `pick` would choose; moves nothing. */
  peek(key: K, accepts: ((place: P) => boolean) | undefined): P | undefined;
}

/** The picker that goes by a chooser, and counts who is seated there. */
class SeatingPicker<C extends Connection, K, P extends Place<C>> implements Picker<C, K> {
  readonly #chooser: Chooser<C, K, P>;
  #size = 0;

  constructor(chooser: Chooser<C, K, P>) {
    this.#chooser = chooser;
  }

  get size(): number {
    return this.#size;
  }

  seat(connection: C, stay: Subscription): void {
    const place = this.#chooser.seat(connection);
    this.#size++;
    stay.add(() => {
      this.#size--;
      this.#chooser.unseat(place);
    });
  }

  pick(key: K, accepts?: (connection: C) => boolean): C | undefined {
    return this.#chooser.pick(key, accepts && (({ connection }) => accepts(connection)))?.connection;
  }

  peek(key: K, accepts?: (connection: C) => boolean): C | undefined {
    return this.#chooser.peek(key, accepts && (({ connection }) => accepts(connection)))?.connection;
  }
}

/** The strategy that seats the connections of its source with a chooser, one for each subscription. */
export const choosingBy =
  <C extends Connection, K, P extends Place<C>>(begin: () => Chooser<C, K, P>): Strategy<C, K> =>
  (source) =>
    new Observable((subscriber) => {
      const picker = new SeatingPicker(begin());
      const show = (): void => subscriber.next(picker);
      forEachMember(source, subscriber, (connection, stay) => picker.seat(connection, stay), show);
    });
