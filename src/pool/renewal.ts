import type { SchedulerLike } from 'rxjs';
import type { Cell, Standing } from '../connection/cell.js';
import type { Connection } from '../connection/connection.js';
import { drain } from '../connection/shut.js';
import { ConnectionClosedError } from '../errors.js';
import type { Registry } from '../registry/registry.js';
import type { Closer } from './closer.js';
import type { Dialer } from './dialer.js';

/** What renewing members takes. */
export interface RenewalTools<C extends Connection> {
  readonly registry: Registry<C>;
  readonly dialer: Dialer<C>;
  readonly closer: Closer<C>;
  readonly scheduler: SchedulerLike;
  readonly drainTimeout: number;
}

/** A member, and which of its stays in the pool is meant. */
export interface Tenant<C extends Connection> {
  readonly cell: Cell<C>;
  readonly seq: number;
}

/**
 * Redials members that are up: each goes out of service, finishes what it carries, is closed and dialled, no more
 * than `atOnce` at a time. One that leaves meanwhile is left alone; `stopped` keeps the rest as they are.
 */
export async function renew<C extends Connection>(
  members: readonly Tenant<C>[],
  atOnce: number,
  tools: RenewalTools<C>,
  stopped: () => boolean,
): Promise<void> {
  const waiting = [...members];
  const renewNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !stopped(); next = waiting.shift()) await renewOne(next, tools);
  };
  await Promise.all(Array.from({ length: atOnce }, renewNext));
}

async function renewOne<C extends Connection>({ cell, seq }: Tenant<C>, tools: RenewalTools<C>): Promise<void> {
  const { registry, dialer, closer, scheduler, drainTimeout } = tools;
  const present = (): boolean => registry.has(cell) && cell.seq === seq;
  if (!present()) return;
  if (cell.standing === 'connected') {
    registry.move(cell, 'draining');
    if (!present()) return;
    await drain(cell, drainTimeout, scheduler).done;
    if (!present()) return;
    // By now it may have broken, and so be back in the hands of whoever mends it.
    if ((cell.standing as Standing) === 'draining') {
      // Closed before anybody is told that it is being dialled.
      void closer.closeMember(cell);
      cell.retire(new ConnectionClosedError('The connection was closed to be dialled anew'));
      registry.move(cell, 'connecting');
    }
  }
  await dialer.dial(cell);
}
