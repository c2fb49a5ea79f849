import type { House } from '../borrowing/lender.js';
import type { Connection } from '../connection/connection.js';
import {
  CircuitOpenError,
  PoolClosedError,
  PoolDisposedError,
  PoolEmptyError,
  type PoolError,
  type PoolErrorOptions,
  PoolExhaustedError,
  type PoolFigures,
  PoolNotConnectedError,
  PoolSuspendedError,
  ReadyTimeoutError,
  RenewalError,
  UseTimeoutError,
  WaitQueueFullError,
  WaitTimeoutError,
} from '../errors.js';
import type { Registry } from '../registry/registry.js';
import type { Lifecycle } from './lifecycle.js';

type PoolErrorType<E extends PoolError> = new (message: string, options: PoolErrorOptions) => E;

/** What a refusal depends on. */
export interface Circumstances<C extends Connection> {
  readonly registry: Registry<C>;
  readonly lifecycle: Lifecycle;
  readonly settings: { readonly maxWaiting: number; readonly failFast: boolean };
  /** Whether callers are held back. */
  isSuspended(): boolean;
  /** Whether the circuit breaker lets callers through. */
  isCircuitClosed(): boolean;
  /** Why the last dial failed, if it did. */
  lastFailure(): unknown;
  waiting(): number;
}

/** Why the pool cannot do what it is asked to, each with the figures that explain it. */
export class Refusals<C extends Connection> implements House {
  readonly #now: Circumstances<C>;

  constructor(circumstances: Circumstances<C>) {
    this.#now = circumstances;
  }

  figures(): PoolFigures {
    const { registry } = this.#now;
    const { census, index, size: total } = registry;
    return { total, connected: census.connected, pending: index.load, waiting: this.#now.waiting() };
  }

  closed(): Error {
    if (this.#now.lifecycle.phase === 'disposed') return this.#error(PoolDisposedError, 'The pool was disposed of');
    return this.#error(PoolClosedError, 'The pool is closed');
  }

  /** Why nothing can be given out at this moment. */
  unavailable(): Error {
    const { registry, lifecycle } = this.#now;
    if (lifecycle.isClosed) return this.closed();
    if (this.#now.isSuspended()) return this.#error(PoolSuspendedError, 'The pool is suspended');
    if (registry.size === 0) return this.#empty();
    if (registry.census.connected === 0) return this.#notConnected();
    return this.#error(PoolExhaustedError, 'Every connected connection of the pool is at its limit');
  }

  refusal(): Error | undefined {
    const { registry, lifecycle, settings } = this.#now;
    if (lifecycle.isClosed) return this.closed();
    if (lifecycle.phase === 'new') return this.#empty();
    if (!this.#now.isCircuitClosed() && registry.census.connected === 0) {
      return this.#dialError(CircuitOpenError, 'The circuit breaker is open: no connection could be made');
    }
    const hasFailedEverywhere = registry.size > 0 && registry.census.broken === registry.size;
    return settings.failFast && hasFailedEverywhere ? this.#notConnected() : undefined;
  }

  queueFull(): Error {
    const { maxWaiting } = this.#now.settings;
    if (maxWaiting === 0) return this.unavailable();
    return this.#dialError(
      WaitQueueFullError,
      `The queue is full: ${maxWaiting} callers wait for a connection already`,
    );
  }

  waitedTooLong(waitTimeout: number): Error {
    const { connected, total, pending } = this.figures();
    const why = this.#now.isSuspended()
      ? 'the pool is suspended'
      : `${connected} of ${total} connections are connected, ${pending} requests pending`;
    return this.#dialError(WaitTimeoutError, `No connection was free within ${waitTimeout} ms: ${why}`);
  }

  usedTooLong(timeout: number | undefined, begun: boolean): Error {
    const figures = this.figures();
    if (begun) return new UseTimeoutError(`The work did not settle within ${timeout} ms`, { figures });
    const message = `The work had to wait for a connection for all its ${timeout} ms`;
    return new UseTimeoutError(message, { figures, cause: this.#now.lastFailure(), sent: 'never' });
  }

  notReady(min: number, timeout: number | undefined): Error {
    const { connected, total } = this.figures();
    const message = `Fewer than ${min} were connected within ${timeout} ms: ${connected} of ${total}`;
    return this.#dialError(ReadyTimeoutError, message);
  }

  notRenewed(cause: unknown): Error {
    return this.#error(RenewalError, 'A replacement could not be connected', cause);
  }

  #empty(): Error {
    const { phase } = this.#now.lifecycle;
    const hint = phase === 'new' ? ': setup() was not called' : '';
    return this.#error(PoolEmptyError, `The pool has no connections${hint}`);
  }

  #notConnected(): Error {
    return this.#dialError(PoolNotConnectedError, 'No connection of the pool is connected');
  }

  #error<E extends PoolError>(type: PoolErrorType<E>, message: string, cause?: unknown): E {
    return new type(message, { cause, figures: this.figures() });
  }

  /** An error that may come of not getting through. */
  #dialError<E extends PoolError>(type: PoolErrorType<E>, message: string): E {
    return this.#error(type, message, this.#now.lastFailure());
  }
}
