import { promises } from 'node:dns';
import type { Observable } from 'rxjs';
import { checkEach, checkObject, checkText, checkWithin } from '../checks.js';
import { outOfRange } from '../errors.js';
import type { CommandFailure } from '../streams/run-command.js';
import { DNS_CHECKS, type DnsOptions, refreshed } from './refreshed.js';

/** Looks addresses up: Node's `dns.promises`, its `Resolver`, or a fake for tests. */
export interface AddressResolver {
  /** The IPv4 addresses of a name. */
  resolve4(host: string): Promise<readonly string[]>;
  /** The IPv6 addresses of a name. */
  resolve6(host: string): Promise<readonly string[]>;
}

/** Options of {@link dnsAddresses}. */
export interface DnsAddressesOptions extends DnsOptions {
  /** The addresses to look up: 4 for A, 6 for AAAA, 0 for both. @default 0 */
  readonly family?: 0 | 4 | 6 | undefined;
  /** The resolver. @default dns.promises of Node */
  readonly resolver?: AddressResolver | undefined;
}

/** Codes that mean that there are no addresses. That is a failure only if both families have none. */
const NONE = new Set(['ENODATA', 'ENOTFOUND']);

function checkFamily(argument: string, value: unknown): void {
  if (value !== 0 && value !== 4 && value !== 6) throw outOfRange(argument, '0, 4 or 6', value);
}

/**
 * The addresses of a name as endpoints: `10.0.0.1:7556`, `[fd00::1]:7556`. Looks them up on subscription and then every
 * `interval`. Asks the name servers of the system's configuration, not its hosts file.
 *
 * Emits the first list and each list that differs from the one before, sorted and frozen. Emits a
 * {@link CommandFailure} for each failed look-up: no answer in time (`cause` is an rxjs `TimeoutError`), an error of
 * the resolver for either family, or no address at all. The pool then reports `endpoints-failed` and keeps the last
 * list. Never errors or completes. Cold.
 *
 * ```text
 * answers:         --[b,a]----[a,b]----x----[a]--
 * dnsAddresses():  --[a,b]-------------F----[a]--
 * ```
 *
 * @param port - the port of every endpoint.
 * @throws TypeError, RangeError for invalid arguments.
 * @example
 * ```ts
 * const endpoints = dnsAddresses('cache.internal', 7556, { interval: 10_000 });
 * const pool = new ConnectionPool(6, ({ endpoint }) => new ZcachedConnection(`zcached://${endpoint}`), { endpoints });
 * ```
 */
export function dnsAddresses(
  host: string,
  port: number,
  options: DnsAddressesOptions = {},
): Observable<readonly string[] | CommandFailure> {
  checkText('host', host);
  checkWithin('port', port, 1, 65_535);
  checkEach('options', options, { ...DNS_CHECKS, family: checkFamily, resolver: checkObject });
  const { family = 0, resolver = promises } = options;
  const ask = async (): Promise<string[]> => {
    const [v4, v6] = await Promise.all([
      family === 6 ? [] : orNone(resolver.resolve4(host)),
      family === 4 ? [] : orNone(resolver.resolve6(host)),
    ]);
    const failure = [v4, v6].find((answer) => answer instanceof Error);
    const found = [v4, v6].flatMap((answer) => (answer instanceof Error ? [] : answer));
    if (found.length === 0) throw failure ?? new Error('The name has no addresses');
    return found.map((address) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`));
  };
  return refreshed(ask, options);
}

/** The addresses of one family, or the error that says that there are none. */
async function orNone(answer: Promise<readonly string[]>): Promise<readonly string[] | Error> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && NONE.has((error as NodeJS.ErrnoException).code ?? '')) return error;
    throw error;
  }
}
