import { type Connection, causeOf, isUpState } from '../connection/connection.js';
import { ConnectionClosedError } from '../errors.js';
import type { Member } from '../membership/member.js';

/** The second argument of work. */
export interface UseContext {
  /** Aborts when the caller gives up, the deadline passes, or the connection is lost or closed. */
  readonly signal: AbortSignal;
}

/** Why work failed. */
export interface WorkFailure {
  readonly error: unknown;
}

/** Is told of checkouts. */
export interface CheckoutOwner<C extends Connection> {
  /** A clock in milliseconds, to measure work. */
  now(): number;
  /** Work has ended; without a failure if it succeeded. */
  workEnded(checkout: Checkout<C>, failure: WorkFailure | undefined): void;
  /** Releases a member, unless the leases of that session have been written off. */
  release(member: Member<C>, session: number): void;
}

const goneError = (): ConnectionClosedError =>
  new ConnectionClosedError('The connection was lost, or the pool wants it back');

/**
 * One use of a connection, which counts as load until it ends. It ends once, however often it is released. Its signal
 * is created when it is first read.
 */
export class Checkout<C extends Connection> implements UseContext {
  readonly member: Member<C>;
  /** The member's session at the time of acquiring. */
  readonly session: number;
  /** When it was acquired; undefined if no listener needs it. */
  readonly acquiredAt: number | undefined;
  readonly #owner: CheckoutOwner<C>;
  #hasEnded = false;
  #isReported = false;
  #controller: AbortController | undefined;
  #stopListening: (() => void) | undefined;

  constructor(member: Member<C>, owner: CheckoutOwner<C>) {
    this.member = member;
    this.session = member.session;
    this.#owner = owner;
    this.acquiredAt = member.record.listeners === undefined ? undefined : owner.now();
    member.acquire();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether the connection has been lost or closed since; it may be up again. */
  get isLost(): boolean {
    return this.member.session !== this.session;
  }

  /** Whether work must not begin, because the connection was lost or went out of service. */
  get isStale(): boolean {
    return this.isLost || this.member.phase !== 'serving';
  }

  get signal(): AbortSignal {
    return this.signalFor({ onRecall: false });
  }

  /** Its signal. With `onRecall` it also aborts when the pool asks for the connection to be released soon. */
  signalFor({ onRecall }: { readonly onRecall: boolean }): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (!this.#hasEnded) this.#stopListening = abortWithConnection(this, onRecall);
    }
    return this.#controller.signal;
  }

  /** Ends the work: reports how it went, and releases the connection. */
  end(failure: WorkFailure | undefined): void {
    try {
      this.report(failure);
    } finally {
      this.release();
    }
  }

  /** Reports once how the work went: at its deadline, or when it ends. */
  report(failure: WorkFailure | undefined): void {
    if (this.#isReported || this.#hasEnded) return;
    this.#isReported = true;
    this.#owner.workEnded(this, failure);
  }

  /** Prevents a report, because the caller gave up. */
  dismiss(): void {
    this.#isReported = true;
  }

  /** Aborts the signal. The checkout ends when its work does. */
  abort(reason: unknown): void {
    if (this.#hasEnded) return;
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }

  /** Releases the connection. Idempotent. */
  release(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stopListening?.();
    this.#owner.release(this.member, this.session);
  }
}

/** Aborts a checkout when its connection is lost or closed, or at once if it already is. */
function abortWithConnection<C extends Connection>(checkout: Checkout<C>, onRecall: boolean): (() => void) | undefined {
  const { record, activity } = checkout.member;
  if (checkout.isLost || !isUpState(record.state)) checkout.abort(causeOf(record.connection) ?? goneError());
  else if (onRecall && activity?.isReleaseRequested) checkout.abort(goneError());
  else {
    return record.listen({
      onState: (state, cause) => {
        // After `closed` comes `onRetired`, which has the reason.
        if (state !== 'closed' && state !== 'draining') checkout.abort(cause ?? goneError());
      },
      onRetired: (reason) => checkout.abort(reason),
      ...(onRecall && { onReleaseRequested: (reason: unknown) => checkout.abort(reason) }),
    });
  }
  return undefined;
}
