import type { SchedulerLike } from 'rxjs';
import type { PoolError, PoolErrorOptions } from '../errors.js';
import { within } from '../streams/within.js';
import type { Cell } from './cell.js';
import { type Connection, causeOf } from './connection.js';
import { watchLoss } from './loss.js';

/** What is done to a connection before somebody has it. Its signal aborts when nobody waits for that any more. */
export type Prepare<C> = (connection: C, context: { readonly signal: AbortSignal }) => PromiseLike<unknown> | unknown;

/** How long it may take, in milliseconds of `scheduler`, and what it is called where it fails. */
export interface Preparation {
  readonly name: string;
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
  readonly Failure: new (message: string, options?: PoolErrorOptions) => PoolError;
}

/** Prepares a connection for as long as it is up. Rejects with a `Failure`, whatever went wrong. */
export async function prepared<C extends Connection>(
  cell: Cell<C>,
  prepare: Prepare<C>,
  { name, timeout, scheduler, Failure }: Preparation,
): Promise<void> {
  const late = (): Error => new Failure(`A ${name} did not settle within ${timeout} ms`);
  const until = (end: (reason: unknown) => void): (() => void) => watchLoss(cell, end);
  try {
    if (cell.state !== 'connected') throw causeOf(cell.connection);
    await within({ timeout, scheduler, late, until }, (signal) => prepare(cell.connection, { signal }));
  } catch (cause) {
    throw cause instanceof Failure ? cause : new Failure(`A ${name} failed`, { cause });
  }
}
