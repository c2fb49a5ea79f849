import { Observable } from 'rxjs';
import { changesOf } from '../streams/changes.js';

/** Hears who comes and goes, until it is cleared. */
export interface Guests<C> {
  enter(connections: readonly C[]): void;
  leave(connections: readonly C[]): void;
  clear(): void;
}

/** Has `guests` follow the source. Who goes is told first; what they throw ends the subscription. */
export const follow = <C>(source: Observable<readonly C[]>, guests: Guests<C>): Observable<never> =>
  new Observable((subscriber) => {
    subscriber.add(() => guests.clear());
    return changesOf(source).subscribe({
      next: ({ added, removed }) => {
        try {
          guests.leave(removed);
          guests.enter(added);
        } catch (error) {
          subscriber.error(error);
        }
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
  });
