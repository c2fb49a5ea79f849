import type { BorrowingObserver, UseOutcome } from '../borrowing/observed-acquirer.js';
import { checkFunction, checkObject, checkOptions } from '../checks.js';
import { type Connection, textOf } from '../connection/connection.js';
import { ConnectTimeoutError, UseTimeoutError, WaitTimeoutError } from '../errors.js';
import type { Member, Phase } from '../membership/member.js';
import type { Why } from '../membership/membership.js';
import type { Turns } from '../streams/turns.js';

/** One measurement of a pool. */
export interface Measurement<C, O extends string> {
  /** The pool's name, if it has one. */
  readonly pool: string | undefined;
  /** The connection; undefined if the caller was given none. */
  readonly connection: C | undefined;
  /** The connection's name, if it has one. */
  readonly name: string | undefined;
  /** The connection's endpoint, if it has one. */
  readonly endpoint: string | undefined;
  /** How it ended. */
  readonly outcome: O;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** The error of a failure; undefined after a success. */
  readonly error: unknown;
}

/**
 * How a wait ended: `acquired`; `timeout`, at `waitTimeout` or the call's own deadline; `aborted`, by the call's
 * signal; `refused`, for the reason that the error's `code` names.
 */
export type WaitOutcome = 'acquired' | 'timeout' | 'aborted' | 'refused';

/** How a dial ended; `aborted` if its connection left the pool or its owner closed it. */
export type DialOutcome = 'connected' | 'error' | 'timeout' | 'aborted';

/**
 * Receives the measurements of a pool, for metrics. Each member is optional, and is called as a method of the object
 * when a wait, use or dial has ended. An error that it throws becomes the event `observer-failed`, and has no other
 * effect.
 *
 * In OpenTelemetry's conventions for client connection pools, `onWait` gives `wait_time`, `onUse` gives `use_time`, and
 * `onDial` gives `create_time`. The outcome `timeout` of `onWait` gives `timeouts`; `health$` gives `count` (`idle`,
 * `used`) and `pending_requests` (`waiting`). `rxpool/opentelemetry` and `rxpool/prometheus` use this interface.
 * @example
 * ```ts
 * const observer: PoolObserver<Replica> = {
 *   onWait: ({ pool, durationMs, outcome }) => console.log(pool, 'wait', durationMs, outcome),
 *   onUse: ({ endpoint, durationMs, outcome }) => console.log(endpoint, 'use', durationMs, outcome),
 *   onDial: ({ endpoint, durationMs, outcome }) => console.log(endpoint, 'create', durationMs, outcome),
 * };
 * ```
 */
export interface PoolObserver<C> {
  /**
   * A caller of `use`, `withConnection`, `lease` or `tryLease` was given a connection, or was refused. A `tryLease`
   * that returns `undefined` is not measured.
   */
  onWait?(wait: Measurement<C, WaitOutcome>): void;
  /** A connection was given back. */
  onUse?(use: Measurement<C, UseOutcome>): void;
  /** A dial ended, with its warm-up. */
  onDial?(dial: Measurement<C, DialOutcome>): void;
}

const MEMBERS = ['onWait', 'onUse', 'onDial'] as const;

/** Refuses unknown members of a plain object. An object of a class may have other members. */
export function checkObserver(argument: string, value: unknown): void {
  checkObject(argument, value);
  if (Object.getPrototypeOf(value) === Object.prototype) checkOptions(argument, value, MEMBERS);
  for (const name of MEMBERS) {
    const member = (value as PoolObserver<unknown>)[name];
    if (member !== undefined) checkFunction(`${argument}.${name}`, member);
  }
}

/** Passes what a pool measures to its observers. */
export class Observation<C extends Connection> implements BorrowingObserver<C> {
  #observers: readonly { readonly observer: PoolObserver<C> }[] = [];
  readonly #pool: string | undefined;
  readonly #now: () => number;
  readonly #failed: (cause: unknown) => void;
  readonly #dials = new Map<Member<C>, number>();

  /** @param failed - called with the error of an observer. */
  constructor(pool: string | undefined, now: () => number, failed: (cause: unknown) => void) {
    this.#pool = pool;
    this.#now = now;
    this.#failed = failed;
  }

  get isActive(): boolean {
    return this.#observers.length > 0;
  }

  /** Adds an observer, until the returned function is called. */
  add(observer: PoolObserver<C>): () => void {
    // A new object for each call, so that an observer added twice is removed once at a time.
    const added = { observer };
    this.#observers = [...this.#observers, added];
    return () => {
      this.#observers = this.#observers.filter((other) => other !== added);
      if (!this.isActive) this.#dials.clear();
    };
  }

  acquired(connection: C, durationMs: number): void {
    this.#tell('onWait', connection, 'acquired', durationMs, undefined);
  }

  refused(error: unknown, isAborted: boolean, durationMs: number): void {
    const isTimeout = error instanceof WaitTimeoutError || error instanceof UseTimeoutError;
    this.#tell('onWait', undefined, isTimeout ? 'timeout' : isAborted ? 'aborted' : 'refused', durationMs, error);
  }

  used(connection: C, outcome: UseOutcome, error: unknown, durationMs: number): void {
    this.#tell('onUse', connection, outcome, durationMs, error);
  }

  /** Follows the dials of members. */
  changed(member: Member<C>, to: Phase, { cause }: Why, turns: Turns): void {
    if (!this.isActive) return;
    if (to === 'dialling') {
      this.#dials.set(member, this.#now());
      return;
    }
    const since = this.#dials.get(member);
    if (since === undefined) return;
    this.#dials.delete(member);
    const durationMs = this.#now() - since;
    const failure = cause instanceof ConnectTimeoutError ? 'timeout' : 'error';
    const outcome = to === 'serving' ? 'connected' : to === 'broken' ? failure : 'aborted';
    turns.after(() => this.#tell('onDial', member.connection, outcome, durationMs, cause));
  }

  #tell<O extends string>(
    member: (typeof MEMBERS)[number],
    connection: C | undefined,
    outcome: O,
    durationMs: number,
    error: unknown,
  ): void {
    if (!this.isActive) return;
    const name = connection && textOf(connection, 'name');
    const endpoint = connection && textOf(connection, 'endpoint');
    const measurement = { pool: this.#pool, connection, name, endpoint, outcome, durationMs, error };
    for (const { observer } of this.#observers) {
      try {
        (observer as Listener<C, O>)[member]?.(measurement);
      } catch (cause) {
        this.#failed(cause);
      }
    }
  }
}

/** One method of an observer. */
type Listener<C, O extends string> = {
  readonly [Name in (typeof MEMBERS)[number]]?: (measurement: Measurement<C, O>) => void;
};
