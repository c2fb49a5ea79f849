import type { SchedulerLike } from 'rxjs';
import { LONGEST_WAIT } from '../checks.js';
import type { Cell, Standing } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { drain } from '../connection/shut.js';
import { ConnectionClosedError } from '../errors.js';
import type { Registry } from '../registry/registry.js';
import type { Closer } from './closer.js';
import type { Departures } from './departures.js';
import type { Dialer } from './dialer.js';

/** What renewing members takes. */
export interface RenewalTools<C extends Connection> {
  readonly registry: Registry<C>;
  readonly dialer: Dialer<C>;
  readonly closer: Closer<C>;
  readonly departures: Departures<C>;
  readonly settings: { readonly drainTimeout: number; readonly scheduler: SchedulerLike };
}

/** A member, and which of its stays in the pool is meant. */
export interface Tenant<C extends Connection> {
  readonly cell: Cell<C>;
  readonly seq: number;
}

/** What renewing one member is; resolves with whether it was renewed. */
export type Step<C extends Connection> = (cell: Cell<C>, isPresent: () => boolean) => Promise<boolean>;

/**
 * Renews members, no more than `atOnce` at a time, and resolves with how many. One that leaves meanwhile is left
 * alone; `stopped`, and a step that fails, keep the rest as they are.
 */
export async function roll<C extends Connection>(
  registry: Registry<C>,
  members: readonly Tenant<C>[],
  atOnce: number,
  step: Step<C>,
  stopped: () => boolean,
): Promise<number> {
  const waiting = [...members];
  let renewed = 0;
  const renewNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !stopped(); next = waiting.shift()) {
      const { cell, seq } = next;
      const isPresent = (): boolean => registry.has(cell) && cell.seq === seq;
      if (isPresent() && (await step(cell, isPresent))) renewed++;
    }
  };
  const rolling = Array.from({ length: atOnce }, () =>
    renewNext().catch((error: unknown) => {
      waiting.length = 0;
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(rolling)).find(({ status }) => status === 'rejected');
  if (failed) throw (failed as PromiseRejectedResult).reason;
  return renewed;
}

/** The same connection anew: out of service, drained, closed and dialled. */
export function redial<C extends Connection>(tools: RenewalTools<C>): Step<C> {
  const { registry, dialer, closer, settings } = tools;
  return async (cell, isPresent) => {
    if (cell.standing === 'connected' || cell.standing === 'ejected') {
      registry.move(cell, 'draining');
      cell.recall(new ConnectionClosedError('The connection is to be dialled anew'));
      if (isPresent()) await drain(cell, settings.drainTimeout, settings.scheduler).done;
      // By now it may have broken, and so be back in the hands of whoever mends it.
      if (isPresent() && (cell.standing as Standing) === 'draining') {
        // Closed before anybody is told that it is being dialled.
        void closer.closeMember(cell);
        cell.retire(new ConnectionClosedError('The connection was closed to be dialled anew'));
        registry.move(cell, 'connecting');
      }
    }
    return isPresent() && (await dialer.dial(cell)).ok;
  };
}

/** How members are replaced. */
export interface ReplacementPlan<C extends Connection> {
  /** Whether the old one goes before the new one is up. */
  readonly goesFirst: boolean;
  /** Milliseconds for the old one to finish what it carries; unlimited if not given. */
  readonly drainTimeout: number | undefined;
  /** Makes a connection and takes it in, unless the pool has been closed. */
  recruit(): Cell<C> | undefined;
  notConnected(cause: unknown): Error;
}

/** Another connection in its place. */
export function replacement<C extends Connection>(tools: RenewalTools<C>, plan: ReplacementPlan<C>): Step<C> {
  const { registry, dialer, departures } = tools;
  const { goesFirst, drainTimeout = LONGEST_WAIT } = plan;
  return async (cell, isPresent) => {
    const newcomer = plan.recruit();
    if (!newcomer) return false;
    if (goesFirst && isPresent()) departures.dismiss([cell], 'renewed', drainTimeout);
    const dialled = await dialer.dial(newcomer);
    if (!dialled.ok) {
      if (!registry.has(newcomer)) return false;
      // Where the old one has gone already, whoever heals the pool has to bring this one up.
      if (!goesFirst) departures.dismiss([newcomer], 'renewed', 0);
      throw plan.notConnected(dialled.cause);
    }
    if (isPresent()) departures.dismiss([cell], 'renewed', drainTimeout);
    await departures.of(cell);
    return true;
  };
}
