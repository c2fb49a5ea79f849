import { type SchedulerLike, Subscription } from 'rxjs';
import { clockOf, deadline, TIMER_PARTS } from '../clock.js';
import { ConnectionClosedError, type PoolError, type PoolErrorOptions } from '../errors.js';
import { type Connection, causeOf } from './connection.js';
import { OwnWork } from './own-work.js';
import type { ConnectionRecord } from './record.js';

/**
 * Work done on a connection before it is lent: `warmup` after a dial, `reset` after an exclusive use.
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

/** Runs a hook while its connection is up. Every failure rejects with an `ErrorType`. */
export async function runHook<C extends Connection>(
  record: ConnectionRecord<C>,
  hook: ConnectionHook<C>,
  { name, timeout, scheduler, ErrorType }: HookOptions,
): Promise<void> {
  const ownWork = OwnWork.begin(record);
  const lifetime = new Subscription();
  try {
    if (record.state !== 'connected') throw causeOf(record.connection);
    await new Promise((resolve, reject) => {
      const controller = new AbortController();
      const cancel = (reason: unknown): void => {
        reject(reason);
        controller.abort(reason);
      };
      const expired = (): void => cancel(new ErrorType(`A ${name} did not settle within ${timeout} ms`));
      const lost = (reason: unknown): void => cancel(reason ?? new ConnectionClosedError('The connection was closed'));
      lifetime.add(deadline(clockOf(scheduler), timeout, expired, TIMER_PARTS));
      lifetime.add(record.listen({ onState: (_state, cause) => lost(cause), onRetired: lost }));
      new Promise((settle) => settle(hook(record.connection, { signal: controller.signal }))).then(resolve, reject);
    });
  } catch (cause) {
    throw cause instanceof ErrorType ? cause : new ErrorType(`A ${name} failed`, { cause });
  } finally {
    lifetime.unsubscribe();
    ownWork.end();
  }
}
