import { ADDRCONFIG, lookup } from 'node:dns';

const underWay = new Map<string, Promise<readonly string[]>>();

/**
 * The addresses of a host. A look-up under way is shared. It cannot be cancelled, and holds one of a few threads for as
 * long as it hangs: if each dial had its own, none would soon be left for the process.
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
