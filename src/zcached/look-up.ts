import { ADDRCONFIG, lookup } from 'node:dns';

const underWay = new Map<string, Promise<readonly string[]>>();

/**
 * The addresses of a host. Shares a look-up under way. A look-up cannot be cancelled, and occupies one of the process's
 * few threads while it hangs: one for each dial would soon occupy all of them.
 */
export function lookUp(host: string): Promise<readonly string[]> {
  const shared = underWay.get(host);
  if (shared) return shared;
  const found = new Promise<readonly string[]>((resolve, reject) => {
    lookup(host, { all: true, hints: ADDRCONFIG }, (error, addresses) => {
      if (error) reject(error);
      else resolve(addresses.map(({ address }) => address));
    });
  });
  const end = (): void => void underWay.delete(host);
  underWay.set(host, found);
  found.then(end, end);
  return found;
}
