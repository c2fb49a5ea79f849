import {
  distinctUntilChanged,
  ignoreElements,
  type Observable,
  type OperatorFunction,
  of,
  startWith,
  switchMap,
} from 'rxjs';
import { checkFunction } from '../checks.js';
import { wrongType } from '../errors.js';
import type { BreakerState, DialReport } from './circuit-breaker.js';

/**
 * A circuit breaker that is open while dials are not wanted: while a computer is offline, or a page is hidden. Dials then
 * wait, and callers are refused at once where nothing is connected. Connections that are up stay in use. When dials are
 * wanted again the pool dials what is broken at once, without the rest of its backoffs. The dials with which a pool opens
 * are made in any case.
 *
 * Cold. Emits `open` while `wanted$` says false, and what `breaker` emits while it says true; that begins anew each time.
 * Errors with `wanted$` and with `breaker`.
 *
 * ```text
 * wanted$:            t----f----t----
 * dialWhile(wanted$): c----o----c----
 * ```
 *
 * @param wanted$ - whether dials are wanted: emits on subscribe, and then each change.
 * @param breaker - the circuit breaker while they are. @default none
 * @throws TypeError for arguments of another type.
 * @example
 * ```ts
 * import { pageAwake } from 'rxpool/websocket';
 * import { ConnectionPool, dialWhile } from 'rxpool';
 *
 * const pool = new ConnectionPool(2, factory, { breaker: dialWhile(pageAwake()) });
 * ```
 */
export function dialWhile(
  wanted$: Observable<boolean>,
  breaker: OperatorFunction<DialReport, BreakerState> = always,
): OperatorFunction<DialReport, BreakerState> {
  if (typeof (wanted$ as { readonly pipe?: unknown } | undefined)?.pipe !== 'function') {
    throw wrongType('wanted$', 'an observable', wanted$);
  }
  checkFunction('breaker', breaker);
  return (reports) =>
    wanted$.pipe(
      distinctUntilChanged(),
      switchMap((isWanted) => (isWanted ? reports.pipe(breaker) : of<BreakerState>('open'))),
    );
}

/** Permits every dial. */
const always: OperatorFunction<DialReport, BreakerState> = (reports) =>
  reports.pipe(ignoreElements(), startWith<BreakerState>('closed'));
