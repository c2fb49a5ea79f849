import { map, Observable } from 'rxjs';

/** How one array of connections differs from the one before it. */
export interface Change<C> {
  readonly added: readonly C[];
  readonly removed: readonly C[];
}

/** Under this key a stream of arrays offers its changes, so that nobody has to build or compare arrays. */
export const CHANGES: unique symbol = Symbol('rxpool.changes');

/**
 * Follows a stream of arrays change by change. The first change holds the current array, and comes at once.
 */
export function changesOf<C>(source: Observable<readonly C[]>): Observable<Change<C>> {
  const offered = (source as { readonly [CHANGES]?: Observable<Change<C>> })[CHANGES];
  if (offered) return offered;
  return new Observable((subscriber) => {
    let before: ReadonlySet<C> = new Set();
    const differences = map((array: readonly C[]): Change<C> => {
      const after = new Set(array);
      const added = [...after].filter((connection) => !before.has(connection));
      const removed = [...before].filter((connection) => !after.has(connection));
      before = after;
      return { added, removed };
    });
    return differences(source).subscribe(subscriber);
  });
}
