import { type Observable, Subject } from 'rxjs';
import type { Cell, ReportingMember, Standing } from '../connection/cell.js';
import { type Connection, causeOf } from '../connection/connection.js';
import type { BreakerState } from '../healing/circuit-breaker.js';
import type { ReconnectEvent } from '../healing/reconnect-event.js';
import type { LeaveReason, Registry, RegistryObserver } from '../registry/registry.js';
import type { Rounds } from '../streams/rounds.js';

/** What happened in a pool, told apart by `type`. Never holds a request's arguments or a reply's payload. */
export type PoolEvent<C> =
  /** Became a member. */
  | { readonly type: 'joined'; readonly connection: C }
  | { readonly type: 'left'; readonly connection: C; readonly reason: LeaveReason }
  /** Is being dialled. */
  | { readonly type: 'connecting'; readonly connection: C }
  /** Came into service: dialled, or back from an ejection. */
  | { readonly type: 'connected'; readonly connection: C }
  /** A dial failed. */
  | { readonly type: 'connect-failed'; readonly connection: C; readonly cause: unknown }
  /** A connection that was connected broke. */
  | { readonly type: 'lost'; readonly connection: C; readonly cause: unknown }
  /** Out of service until it has finished what it carries. */
  | { readonly type: 'draining'; readonly connection: C }
  /** Out of service for bad behaviour. */
  | { readonly type: 'ejected'; readonly connection: C }
  /** A lease was held for longer than `leakThreshold`: since `milliseconds`, taken at the stack `takenAt`. */
  | {
      readonly type: 'leak-suspected';
      readonly connection: C;
      readonly milliseconds: number;
      readonly takenAt: string;
    }
  | { readonly type: 'breaker-changed'; readonly state: BreakerState }
  /** `suspend()` and `resume()`: whether callers are held back. */
  | { readonly type: 'suspended' | 'resumed' }
  /** A connection's stream said something that cannot be; the value was not believed. */
  | { readonly type: 'misreported'; readonly connection: C; readonly member: ReportingMember; readonly value: unknown }
  /** `close()` of a connection rejected, or did not settle in time. */
  | { readonly type: 'close-failed'; readonly connection: C; readonly cause: unknown }
  /** The operator given as `heal` errored: from here on nothing is redialled until the pool is opened again. */
  | { readonly type: 'heal-failed'; readonly cause: unknown }
  /** One of the `policies`, or the `breaker`, errored: it does nothing more until the pool is opened again. */
  | { readonly type: 'policy-failed'; readonly cause: unknown }
  | ReconnectEvent<C>;

/** The pool's events. Makes none while nobody subscribes. */
export class EventLog<C extends Connection> implements RegistryObserver<C> {
  readonly observable: Observable<PoolEvent<C>>;
  readonly #subject = new Subject<PoolEvent<C>>();
  readonly #rounds: Rounds;

  constructor(registry: Registry<C>, rounds: Rounds) {
    this.#rounds = rounds;
    this.observable = this.#subject.asObservable();
    registry.observe(this);
  }

  emit(event: PoolEvent<C>): void {
    if (this.#subject.observed) this.#rounds.run(() => this.#subject.next(event));
  }

  end(): void {
    this.#rounds.run(() => this.#subject.complete());
  }

  joined(cells: readonly Cell<C>[]): void {
    for (const { connection } of cells) this.emit({ type: 'joined', connection });
  }

  left(cells: readonly Cell<C>[], reason: LeaveReason): void {
    for (const { connection } of cells) this.emit({ type: 'left', connection, reason });
  }

  moved({ connection, standing }: Cell<C>, from: Standing, cause: unknown): void {
    if (!this.#subject.observed) return;
    if (standing !== 'broken' && standing !== 'idle') {
      this.emit({ type: standing, connection });
    } else if (standing === 'broken' && from !== 'connecting') {
      this.emit({ type: 'lost', connection, cause: cause ?? causeOf(connection) });
    }
  }

  misreported({ connection }: Cell<C>, member: ReportingMember, value: unknown): void {
    this.emit({ type: 'misreported', connection, member, value });
  }
}
