import { Observable } from 'rxjs';

/** How one array of connections differs from the one before it. */
export interface ListDiff<C> {
  readonly added: readonly C[];
  readonly removed: readonly C[];
}

/** The key under which a pool's list offers its diffs, so that no arrays have to be built or compared. */
export const DIFFS: unique symbol = Symbol('rxpool.diffs');

/** Follows a stream of arrays by their diffs. The first diff contains the current array. */
export function diffsOf<C>(source: Observable<readonly C[]>): Observable<ListDiff<C>> {
  const offered = (source as { readonly [DIFFS]?: Observable<ListDiff<C>> })[DIFFS];
  if (offered) return offered;
  return new Observable((subscriber) => {
    let before: ReadonlySet<C> = new Set();
    return source.subscribe({
      next: (array) => {
        const after = new Set(array);
        const added = [...after].filter((connection) => !before.has(connection));
        const removed = [...before].filter((connection) => !after.has(connection));
        before = after;
        subscriber.next({ added, removed });
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
  });
}
