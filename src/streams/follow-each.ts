import { type Observable, type Subscriber, Subscription } from 'rxjs';
import { changesOf } from './changes.js';

/**
 * Goes along with each connection of a list, from when it enters until it leaves or nobody listens any more. Who
 * leaves is let go of before others come. Completes and errors with the source.
 *
 * @param accompany - begins to go along with one; adds to its `stay` what has to end with it. What it throws is for
 * the subscriber.
 * @param changed - called when a change, or an array without one, has been dealt with.
 */
export function followEach<C>(
  source: Observable<readonly C[]>,
  subscriber: Subscriber<unknown>,
  accompany: (connection: C, stay: Subscription) => void,
  changed = (): void => {},
): void {
  const stays = new Map<C, Subscription>();
  const leave = (connection: C): void => {
    const stay = stays.get(connection);
    stays.delete(connection);
    stay?.unsubscribe();
  };
  const enter = (connections: readonly C[]): void => {
    const entering = connections.map((connection) => ({ connection, stay: new Subscription() }));
    // All are in before the first is gone along with: that may take another of them away again.
    for (const { connection, stay } of entering) stays.set(connection, stay);
    for (const { connection, stay } of entering) if (!stay.closed) accompany(connection, stay);
  };
  subscriber.add(() => {
    for (const connection of stays.keys()) leave(connection);
  });
  subscriber.add(
    changesOf(source).subscribe({
      next: ({ added, removed }) => {
        for (const connection of removed) leave(connection);
        if (subscriber.closed) return;
        try {
          enter(added.filter((connection) => !stays.has(connection)));
        } catch (error) {
          subscriber.error(error);
        }
        if (!subscriber.closed) changed();
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    }),
  );
}
