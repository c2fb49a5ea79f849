import { type Connection, causeOf, isUpState } from '../connection/connection.js';
import { ConnectionClosedError } from '../errors.js';
import type { Member } from '../membership/member.js';

/** What work is given besides its connection. */
export interface UseContext {
  /** Aborts when the caller gives up, the deadline passes, or the connection is lost or closed. */
  readonly signal: AbortSignal;
}

/** Why some work has failed. */
export interface WorkFailure {
  readonly error: unknown;
}

/** What hears of checkouts. */
export interface CheckoutOwner<C extends Connection> {
  /** Milliseconds, for how long work took. */
  now(): number;
  /** Work has ended, without a failure where it succeeded. */
  workEnded(checkout: Checkout<C>, failure: WorkFailure | undefined): void;
  /** Takes a member back, unless what was lent of that session has been written off. */
  release(member: Member<C>, session: number): void;
}

const goneError = (): ConnectionClosedError =>
  new ConnectionClosedError('The connection was lost, or the pool wants it back');

/**
 * One borrowing of a connection, which counts as load until it ends. It ends once, however often it is released. Its
 * signal is made when it is read for the first time.
 */
export class Checkout<C extends Connection> implements UseContext {
  readonly member: Member<C>;
  /** The member's session when it was acquired. */
  readonly session: number;
  /** When it was acquired, where what listens to the connection may want to know. */
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

  /** Whether work must not begin on it: the connection was lost, or has gone out of service. */
  get isStale(): boolean {
    return this.isLost || this.member.phase !== 'serving';
  }

  get signal(): AbortSignal {
    return this.signalFor({ onRecall: false });
  }

  /** Its signal; with `onRecall` it aborts as well when the pool wants the connection back before long. */
  signalFor({ onRecall }: { readonly onRecall: boolean }): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (!this.#hasEnded) this.#stopListening = abortWithConnection(this, onRecall);
    }
    return this.#controller.signal;
  }

  /** The work has ended: says how it went, and gives the connection back. */
  end(failure: WorkFailure | undefined): void {
    try {
      this.report(failure);
    } finally {
      this.release();
    }
  }

  /** Says how the work went, once: at its deadline, or when it ends. */
  report(failure: WorkFailure | undefined): void {
    if (this.#isReported || this.#hasEnded) return;
    this.#isReported = true;
    this.#owner.workEnded(this, failure);
  }

  /** Lets the end of the work say nothing of the connection: its caller has given up. */
  dismiss(): void {
    this.#isReported = true;
  }

  /** Aborts the signal. The checkout ends when its work does. */
  abort(reason: unknown): void {
    if (this.#hasEnded) return;
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }

  /** Gives the connection back. Idempotent. */
  release(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stopListening?.();
    this.#owner.release(this.member, this.session);
  }
}

/** Aborts a checkout when its connection is lost or closed, which it may be already. */
function abortWithConnection<C extends Connection>(checkout: Checkout<C>, onRecall: boolean): (() => void) | undefined {
  const { record, activity } = checkout.member;
  if (checkout.isLost || !isUpState(record.state)) checkout.abort(causeOf(record.connection) ?? goneError());
  else if (onRecall && activity?.isReleaseRequested) checkout.abort(goneError());
  else {
    return record.listen({
      onState: (state, cause) => {
        // `closed` is followed by `onRetired`, which carries the reason.
        if (state !== 'closed' && state !== 'draining') checkout.abort(cause ?? goneError());
      },
      onRetired: (reason) => checkout.abort(reason),
      ...(onRecall && { onReleaseRequested: (reason: unknown) => checkout.abort(reason) }),
    });
  }
  return undefined;
}
