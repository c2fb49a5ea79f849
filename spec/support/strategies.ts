import { map } from 'rxjs';
import type { Picker, Strategy } from 'rxpool';

/** Picks the first connection, and only for keys that `suits` accepts. */
export function fussy<C, K>(suits: (key: K) => boolean): Strategy<C, K> {
  return map((connections: readonly C[]): Picker<C, K> => {
    const choose = (key: K, accepts: (connection: C) => boolean = () => true): C | undefined =>
      suits(key) ? connections.find(accepts) : undefined;
    return { pick: choose, peek: choose, size: connections.length };
  });
}
