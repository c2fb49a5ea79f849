import { promises } from 'node:dns';
import type { Observable } from 'rxjs';
import { checkEach, checkObject, checkText } from '../checks.js';
import type { CommandFailure } from '../streams/run-command.js';
import { DNS_CHECKS, type DnsOptions, refreshed } from './refreshed.js';

/** What looks services up: Node's `dns.promises`, a `Resolver` of that, or something of a test's. */
export interface ServiceResolver {
  /** The SRV records of a name. */
  resolveSrv(name: string): Promise<
    readonly {
      /** The host that the service runs on. */
      readonly name: string;
      /** Its port there. */
      readonly port: number;
      /** The lower, the sooner it is to be used. */
      readonly priority: number;
    }[]
  >;
}

/** Options of {@link dnsServices}. */
export interface DnsServicesOptions extends DnsOptions {
  /** What looks them up. @default dns.promises of Node */
  readonly resolver?: ServiceResolver | undefined;
}

/**
 * The targets of a name's SRV records, as endpoints: `cache-1.internal:7556`. Only targets of the lowest priority number
 * are taken, also while all of them are down: those of higher numbers are never dialled. Weights are not used: a pool gives
 * each target the same share of its connections, also one of weight 0. For other shares of the work give `leastLoaded` a
 * `weight` by `endpoint`. Looked up when it is subscribed to and every `interval` from then on.
 *
 * Emits a sorted, frozen list at first and then where it differs. Emits a {@link CommandFailure} for each look-up that
 * failed: no answer in time (`cause` is an rxjs `TimeoutError`), an error of the resolver, or no target. The pool tells
 * those in `events$` and keeps the last list. Never errors or completes. Cold.
 *
 * @throws TypeError, RangeError for arguments out of range.
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
    // The target '.' says that the service is not offered there.
    const records = (await resolver.resolveSrv(name)).filter((record) => record.name !== '' && record.name !== '.');
    const first = Math.min(...records.map(({ priority }) => priority));
    const targets = records.filter(({ priority }) => priority === first);
    if (targets.length === 0) throw new Error('The name has no services');
    return targets.map((target) => `${target.name.replace(/\.$/, '')}:${target.port}`);
  };
  return refreshed(ask, options);
}
