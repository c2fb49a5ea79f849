import type { AdmissionErrors } from '../borrowing/acquirer.js';
import { type Connection, textOf } from '../connection/connection.js';
import {
  CircuitOpenError,
  NoEndpointsError,
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

/** The state of a pool that its errors describe. */
export interface PoolState<C extends Connection> {
  readonly membership: Membership<C>;
  readonly state: LifecycleState;
  readonly options: { readonly name: string | undefined; readonly maxWaiting: number; readonly failFast: boolean };
  readonly acquirer: { readonly waiting: number; readonly isSuspended: boolean };
  readonly breaker: { readonly state: BreakerState };
  readonly selector: { readonly hasStrategy: boolean };
}

/** Makes the errors of a pool, with the figures that explain them. */
export class PoolErrors<C extends Connection> implements AdmissionErrors {
  readonly #pool: PoolState<C>;

  constructor(pool: PoolState<C>) {
    this.#pool = pool;
  }

  /** The options of every error of the pool. */
  context(): PoolErrorOptions {
    const { membership, acquirer, options } = this.#pool;
    const { size: total, counts, index } = membership;
    const figures = { total, connected: counts.serving, pending: index.load, waiting: acquirer.waiting };
    return { figures, pool: options.name };
  }

  closedError(): Error {
    return this.#pool.state.phase === 'disposed'
      ? this.#error(PoolDisposedError, `${this.#label} was disposed of`)
      : this.#error(PoolClosedError, `${this.#label} is closed`);
  }

  /** Why no connection can be picked now. */
  unavailableError(): Error {
    const { membership, state, acquirer, selector } = this.#pool;
    if (state.isClosed) return this.closedError();
    if (acquirer.isSuspended) return this.#error(PoolSuspendedError, `${this.#label} is suspended`);
    if (membership.size === 0) return this.#emptyError();
    if (membership.counts.serving === 0) return this.notConnectedError();
    const free = membership.index.size;
    const why =
      free > 0 && selector.hasStrategy
        ? `The strategy of ${this.#name} chose no connection, although ${free} can take work`
        : `Every connected connection of ${this.#name} is at its limit`;
    return this.#error(PoolExhaustedError, why);
  }

  admissionError(): Error | undefined {
    const { membership, state, options, breaker, acquirer } = this.#pool;
    const { size, counts } = membership;
    if (state.isClosed) return this.closedError();
    // In a half-open circuit the next dial decides. If there is no member to dial, callers may wait, so that the pool
    // grows.
    const isHalfOpen = breaker.state === 'half-open';
    const mayWait = breaker.state === 'closed' || (isHalfOpen && (size === 0 || acquirer.waiting > 0));
    if (!mayWait && counts.serving === 0) {
      const message = `The circuit breaker of ${this.#name} is open: no connection could be made`;
      return this.#dialError(CircuitOpenError, message);
    }
    const hasFailed = options.failFast ? counts.broken + counts.abandoned : counts.abandoned;
    return size > 0 && hasFailed === size ? this.notConnectedError() : undefined;
  }

  queueFullError(): Error {
    const { maxWaiting } = this.#pool.options;
    if (maxWaiting === 0) return this.unavailableError();
    const message = `The queue of ${this.#name} is full: ${maxWaiting} callers wait for a connection already`;
    return this.#dialError(WaitQueueFullError, message);
  }

  waitTimeoutError(waitTimeout: number): Error {
    const message = `No connection of ${this.#name} was free within ${waitTimeout} ms: ${this.#obstacle}`;
    return this.#dialError(WaitTimeoutError, message);
  }

  /** @param connection - the connection of the work, if it has begun. */
  useTimeoutError(timeout: number | undefined, connection: Connection | undefined): Error {
    if (connection) {
      const name = textOf(connection, 'name') ?? textOf(connection, 'endpoint');
      const message = `The work on ${name ?? 'a connection'} of ${this.#name} did not settle within ${timeout} ms`;
      return new UseTimeoutError(message, { ...this.context(), connection: name });
    }
    const message = `The work had to wait for a connection of ${this.#name} for all its ${timeout} ms: ${this.#obstacle}`;
    return new UseTimeoutError(message, { ...this.context(), cause: this.#lastFailure, sent: 'never' });
  }

  noEndpointsError(): Error {
    return this.#dialError(NoEndpointsError, `${this.#label} has no usable endpoints`);
  }

  readyTimeoutError(min: number, timeout: number | undefined): Error {
    const { counts, size } = this.#pool.membership;
    const message = `Fewer than ${min} connections of ${this.#name} were connected within ${timeout} ms: ${counts.serving} of ${size}`;
    return this.#dialError(ReadyTimeoutError, message);
  }

  /** @param silent - the names of connections that did not answer the ping after the renewal. */
  renewalError(cause: unknown, silent: readonly string[] = []): Error {
    const heard =
      silent.length === 0 ? '' : `, and ${silent.length} connections answered no ping: ${silent.join(', ')}`;
    const message = `A replacement in ${this.#name} could not be connected${heard}`;
    return new RenewalError(message, { ...this.context(), cause, silent });
  }

  /** The pool in the middle of a message. */
  get #name(): string {
    const { name } = this.#pool.options;
    return name === undefined ? 'the pool' : `the pool ${name}`;
  }

  /** The pool at the beginning of a message. */
  get #label(): string {
    return this.#name.replace('t', 'T');
  }

  /** What callers are waiting for now. */
  get #obstacle(): string {
    const { membership, acquirer, selector } = this.#pool;
    if (acquirer.isSuspended) return 'it is suspended';
    const { counts, size, index } = membership;
    const { serving, broken, abandoned, draining, ejected } = counts;
    const others = [
      [counts.dialling, 'being dialled'],
      [broken + abandoned, 'broken'],
      [draining, 'draining'],
      [ejected, 'ejected'],
    ] as const;
    const connected = `${serving} of ${size} connections are connected`;
    const rest = others.map(([count, what]) => (count > 0 ? `, ${count} ${what}` : '')).join('');
    if (serving === 0) return connected + rest;
    const free = index.size;
    if (free > 0 && selector.hasStrategy)
      return `${connected}${rest}, and the strategy chose none of the ${free} that can take work`;
    return `${connected}${rest}, and those are at their limit with ${index.load} requests pending`;
  }

  get #lastFailure(): unknown {
    return this.#pool.membership.dialer.lastFailure;
  }

  #emptyError(): Error {
    const hint = this.#pool.state.phase === 'new' ? ': setup() was not called' : '';
    return this.#error(PoolEmptyError, `${this.#label} has no connections${hint}`);
  }

  notConnectedError(): Error {
    return this.#dialError(PoolNotConnectedError, `No connection of ${this.#name} is connected`);
  }

  #error<E extends PoolError>(type: PoolErrorType<E>, message: string, cause?: unknown): E {
    return new type(message, { ...this.context(), cause });
  }

  /** An error whose cause may be a failed dial. */
  #dialError<E extends PoolError>(type: PoolErrorType<E>, message: string): E {
    return this.#error(type, message, this.#lastFailure);
  }
}
