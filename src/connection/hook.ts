import type { SchedulerLike } from 'rxjs';
import { ConnectionClosedError, type PoolError, type PoolErrorOptions } from '../errors.js';
import { withDeadline } from '../streams/with-deadline.js';
import { type Connection, causeOf } from './connection.js';
import { OwnWork } from './own-work.js';
import type { ConnectionRecord } from './record.js';

/**
 * What is done to a connection before it is lent: `warmup` after a dial, `reset` after an exclusive borrowing.
 *
 * @param context - `signal` aborts at the deadline, and when the connection is lost or closed.
 */
export type ConnectionHook<C> = (
  connection: C,
  context: { readonly signal: AbortSignal },
) => PromiseLike<unknown> | unknown;

/** How long a hook may take, in milliseconds of `scheduler`, and the error that it fails with. */
export interface HookOptions {
  readonly name: string;
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
  readonly ErrorType: new (message: string, options?: PoolErrorOptions) => PoolError;
}

/** Runs a hook for as long as its connection is up. Rejects with an `ErrorType`, whatever went wrong. */
export async function runHook<C extends Connection>(
  record: ConnectionRecord<C>,
  hook: ConnectionHook<C>,
  { name, timeout, scheduler, ErrorType }: HookOptions,
): Promise<void> {
  const timeoutError = (): Error => new ErrorType(`A ${name} did not settle within ${timeout} ms`);
  const cancelOn = (cancel: (reason: unknown) => void): (() => void) => {
    const lost = (reason: unknown): void => cancel(reason ?? new ConnectionClosedError('The connection was closed'));
    return record.listen({ onState: (_state, cause) => lost(cause), onRetired: lost });
  };
  const ownWork = OwnWork.begin(record);
  try {
    if (record.state !== 'connected') throw causeOf(record.connection);
    await withDeadline({ timeout, scheduler, timeoutError, cancelOn }, (signal) => hook(record.connection, { signal }));
  } catch (cause) {
    throw cause instanceof ErrorType ? cause : new ErrorType(`A ${name} failed`, { cause });
  } finally {
    ownWork.end();
  }
}
