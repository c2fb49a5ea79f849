import { Observable } from 'rxjs';
import type { Connection } from '../connection/connection.js';
import { type Change, changesOf } from '../streams/changes.js';
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
  peek(key: K): P | undefined;
}

/** The picker that goes by a chooser, and who is seated there. */
class FollowingPicker<C extends Connection, K, P extends Place<C>> implements Picker<C, K> {
  readonly #chooser: Chooser<C, K, P>;
  readonly #places = new Map<C, P>();

  constructor(chooser: Chooser<C, K, P>) {
    this.#chooser = chooser;
  }

  get size(): number {
    return this.#places.size;
  }

  change({ added, removed }: Change<C>): void {
    for (const connection of removed) this.#remove(connection);
    for (const connection of added) {
      if (!this.#places.has(connection)) this.#places.set(connection, this.#chooser.seat(connection));
    }
  }

  clear(): void {
    for (const connection of this.#places.keys()) this.#remove(connection);
  }

  pick(key: K, accepts?: (connection: C) => boolean): C | undefined {
    return this.#chooser.pick(key, accepts && (({ connection }) => accepts(connection)))?.connection;
  }

  peek(key: K): C | undefined {
    return this.#chooser.peek(key)?.connection;
  }

  #remove(connection: C): void {
    const place = this.#places.get(connection);
    if (!place) return;
    this.#places.delete(connection);
    this.#chooser.unseat(place);
  }
}

/**
 * The strategy that seats the connections of its source with a chooser, one for each subscription. Connections
 * leave before others come. What a chooser throws when it takes one in is for the subscriber.
 */
export const following =
  <C extends Connection, K, P extends Place<C>>(begin: () => Chooser<C, K, P>): Strategy<C, K> =>
  (source) =>
    new Observable((subscriber) => {
      const picker = new FollowingPicker(begin());
      const waiting: Change<C>[] = [];
      let seating = false;
      subscriber.add(() => picker.clear());
      const seat = (change: Change<C>): void => {
        seating = true;
        try {
          picker.change(change);
        } catch (error) {
          subscriber.error(error);
        }
        seating = false;
        // Somebody who was just being seated may have had it unsubscribed from.
        if (subscriber.closed) picker.clear();
      };
      return changesOf(source).subscribe({
        next: (change) => {
          waiting.push(change);
          // Being seated, somebody has changed the source.
          if (seating) return;
          for (let next = waiting.shift(); next && !subscriber.closed; next = waiting.shift()) {
            seat(next);
            subscriber.next(picker);
          }
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
