import type { AdmissionErrors } from '../borrowing/acquirer.js';
import type { Connection } from '../connection/connection.js';
import {
  CircuitOpenError,
  PoolClosedError,
  PoolDisposedError,
  PoolEmptyError,
  type PoolError,
  type PoolErrorOptions,
  PoolExhaustedError,
  PoolNotConnectedError,
  PoolSuspendedError,
  ReadyTimeoutError,
  RenewalError,
  UseTimeoutError,
  WaitQueueFullError,
  WaitTimeoutError,
} from '../errors.js';
import type { BreakerState } from '../healing/circuit-breaker.js';
import type { Membership } from '../membership/membership.js';
import type { LifecycleState } from './lifecycle-state.js';

type PoolErrorType<E extends PoolError> = new (message: string, options: PoolErrorOptions) => E;

/** The part of a pool that its errors are about. */
export interface PoolState<C extends Connection> {
  readonly membership: Membership<C>;
  readonly state: LifecycleState;
  readonly options: { readonly name: string | undefined; readonly maxWaiting: number; readonly failFast: boolean };
  readonly acquirer: { readonly waiting: number; readonly isSuspended: boolean };
  readonly breaker: { readonly state: BreakerState };
  readonly selector: { readonly hasStrategy: boolean };
}

/** Why a pool cannot do what it is asked to, each error with the figures that explain it. */
export class PoolErrors<C extends Connection> implements AdmissionErrors {
  readonly #pool: PoolState<C>;

  constructor(pool: PoolState<C>) {
    this.#pool = pool;
  }

  /** What every error of the pool carries. */
  context(): PoolErrorOptions {
    const { membership, acquirer, options } = this.#pool;
    const { size: total, counts, index } = membership;
    const figures = { total, connected: counts.serving, pending: index.load, waiting: acquirer.waiting };
    return { figures, pool: options.name };
  }

  closedError(): Error {
    return this.#pool.state.phase === 'disposed'
      ? this.#error(PoolDisposedError, 'The pool was disposed of')
      : this.#error(PoolClosedError, 'The pool is closed');
  }

  /** Why no connection can be picked at this moment. */
  unavailableError(): Error {
    const { membership, state, acquirer, selector } = this.#pool;
    if (state.isClosed) return this.closedError();
    if (acquirer.isSuspended) return this.#error(PoolSuspendedError, 'The pool is suspended');
    if (membership.size === 0) return this.#emptyError();
    if (membership.counts.serving === 0) return this.notConnectedError();
    const free = membership.index.size;
    const why =
      free > 0 && selector.hasStrategy
        ? `The strategy chose no connection, although ${free} can take work`
        : 'Every connected connection of the pool is at its limit';
    return this.#error(PoolExhaustedError, why);
  }

  admissionError(): Error | undefined {
    const { membership, state, options, breaker } = this.#pool;
    const { size, counts } = membership;
    if (state.isClosed) return this.closedError();
    if (breaker.state !== 'closed' && counts.serving === 0) {
      return this.#dialError(CircuitOpenError, 'The circuit breaker is open: no connection could be made');
    }
    const hasFailed = options.failFast ? counts.broken + counts.abandoned : counts.abandoned;
    return size > 0 && hasFailed === size ? this.notConnectedError() : undefined;
  }

  queueFullError(): Error {
    const { maxWaiting } = this.#pool.options;
    if (maxWaiting === 0) return this.unavailableError();
    const message = `The queue is full: ${maxWaiting} callers wait for a connection already`;
    return this.#dialError(WaitQueueFullError, message);
  }

  waitTimeoutError(waitTimeout: number): Error {
    const { membership, acquirer } = this.#pool;
    const { counts, size, index } = membership;
    const why = acquirer.isSuspended
      ? 'the pool is suspended'
      : `${counts.serving} of ${size} connections are connected, ${index.load} requests pending`;
    return this.#dialError(WaitTimeoutError, `No connection was free within ${waitTimeout} ms: ${why}`);
  }

  useTimeoutError(timeout: number | undefined, hasBegun: boolean): Error {
    if (hasBegun) return new UseTimeoutError(`The work did not settle within ${timeout} ms`, this.context());
    const message = `The work had to wait for a connection for all its ${timeout} ms`;
    return new UseTimeoutError(message, { ...this.context(), cause: this.#lastFailure, sent: 'never' });
  }

  readyTimeoutError(min: number, timeout: number | undefined): Error {
    const { counts, size } = this.#pool.membership;
    const message = `Fewer than ${min} were connected within ${timeout} ms: ${counts.serving} of ${size}`;
    return this.#dialError(ReadyTimeoutError, message);
  }

  renewalError(cause: unknown): Error {
    return this.#error(RenewalError, 'A replacement could not be connected', cause);
  }

  get #lastFailure(): unknown {
    return this.#pool.membership.dialer.lastFailure;
  }

  #emptyError(): Error {
    const hint = this.#pool.state.phase === 'new' ? ': setup() was not called' : '';
    return this.#error(PoolEmptyError, `The pool has no connections${hint}`);
  }

  notConnectedError(): Error {
    return this.#dialError(PoolNotConnectedError, 'No connection of the pool is connected');
  }

  #error<E extends PoolError>(type: PoolErrorType<E>, message: string, cause?: unknown): E {
    return new type(message, { ...this.context(), cause });
  }

  /** An error that may come of dials that failed. */
  #dialError<E extends PoolError>(type: PoolErrorType<E>, message: string): E {
    return this.#error(type, message, this.#lastFailure);
  }
}
