import { promises } from 'node:dns';
import type { Observable } from 'rxjs';
import { checkEach, checkObject, checkText } from '../checks.js';
import type { CommandFailure } from '../streams/run-command.js';
import { DNS_CHECKS, type DnsOptions, refreshed } from './refreshed.js';

/** Looks services up: Node's `dns.promises`, its `Resolver`, or a fake for tests. */
export interface ServiceResolver {
  /** The SRV records of a name. */
  resolveSrv(name: string): Promise<
    readonly {
      /** The host of the service. */
      readonly name: string;
      /** The port of the service. */
      readonly port: number;
      /** Servers with a lower number are used first. */
      readonly priority: number;
    }[]
  >;
}

/** Options of {@link dnsServices}. */
export interface DnsServicesOptions extends DnsOptions {
  /** The resolver. @default dns.promises of Node */
  readonly resolver?: ServiceResolver | undefined;
}

/**
 * The targets of a name's SRV records as endpoints: `cache-1.internal:7556`. Looks them up on subscription and then
 * every `interval`. Uses only the targets of the lowest priority number, even while all of them are down. Ignores the
 * weights: a pool gives each target the same share of its connections. For other shares of the work, give `leastLoaded`
 * a `weight` by `endpoint`.
 *
 * Emits the first list and each list that differs from the one before, sorted and frozen. Emits a
 * {@link CommandFailure} for each failed look-up: no answer in time (`cause` is an rxjs `TimeoutError`), an error of
 * the resolver, or no target. The pool then reports `endpoints-failed` and keeps the last list. Never errors or
 * completes. Cold.
 *
 * @throws TypeError, RangeError for invalid arguments.
 * @example
 * ```ts
 * const endpoints = dnsServices('_zcached._tcp.internal');
 * const pool = new ConnectionPool(6, ({ endpoint }) => new ZcachedConnection(`zcached://${endpoint}`), { endpoints });
 * ```
 */
export function dnsServices(
  name: string,
  options: DnsServicesOptions = {},
): Observable<readonly string[] | CommandFailure> {
  checkText('name', name);
  checkEach('options', options, { ...DNS_CHECKS, resolver: checkObject });
  const { resolver = promises } = options;
  const ask = async (): Promise<string[]> => {
    // The target '.' means that the service is not offered.
    const records = (await resolver.resolveSrv(name)).filter((record) => record.name !== '' && record.name !== '.');
    const first = Math.min(...records.map(({ priority }) => priority));
    const targets = records.filter(({ priority }) => priority === first);
    if (targets.length === 0) throw new Error('The name has no services');
    return targets.map((target) => `${target.name.replace(/\.$/, '')}:${target.port}`);
  };
  return refreshed(ask, options);
}
