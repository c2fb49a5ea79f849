import { type Observable, type Subscriber, Subscription } from 'rxjs';
import { diffsOf } from './list-diff.js';

/**
 * Calls `enter` for each connection that enters a list. Its subscription ends when the connection leaves the list or
 * the subscriber unsubscribes. In each diff, connections leave before others enter. Completes and errors with the
 * source.
 *
 * @param enter - adds to `presence` what has to end with it. An error that it throws becomes the subscriber's error.
 * @param changed - called after each diff.
 */
export function forEachMember<C>(
  source: Observable<readonly C[]>,
  subscriber: Subscriber<unknown>,
  enter: (connection: C, presence: Subscription) => void,
  changed = (): void => {},
): void {
  const presences = new Map<C, Subscription>();
  /** The connections in the source, which may emit again while one leaves. */
  const listed = new Set<C>();
  const leave = (connection: C): void => {
    const presence = presences.get(connection);
    presences.delete(connection);
    presence?.unsubscribe();
  };
  const enterAll = (connections: readonly C[]): void => {
    const entering = connections.map((connection) => ({ connection, presence: new Subscription() }));
    // Registered before the first call of `enter`, which may make another connection leave.
    for (const { connection, presence } of entering) presences.set(connection, presence);
    for (const { connection, presence } of entering) if (!presence.closed) enter(connection, presence);
  };
  subscriber.add(() => {
    for (const connection of presences.keys()) leave(connection);
  });
  subscriber.add(
    diffsOf(source).subscribe({
      next: ({ added, removed }) => {
        for (const connection of removed) listed.delete(connection);
        for (const connection of added) listed.add(connection);
        for (const connection of removed) leave(connection);
        if (subscriber.closed) return;
        try {
          enterAll(added.filter((connection) => listed.has(connection) && !presences.has(connection)));
        } catch (error) {
          subscriber.error(error);
        }
        changed();
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    }),
  );
}
