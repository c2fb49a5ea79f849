import { type Observable, type SchedulerLike, Subject } from 'rxjs';
import { type Connection, textOf } from '../connection/connection.js';
import type { ReportingMember } from '../connection/record.js';
import type { BreakerState } from '../healing/circuit-breaker.js';
import type { AbandonReason } from '../healing/reconnect-broken.js';
import { INSPECT } from '../inspect.js';
import type { Member, Phase } from '../membership/member.js';
import type { LeaveReason, Why } from '../membership/membership.js';
import type { Turns } from '../streams/turns.js';

/** The fields of every event. */
interface EventBase {
  /** When it happened: milliseconds since the epoch, by the pool's scheduler. */
  readonly at: number;
}

/** The fields of an event about a connection. */
interface ConnectionEventBase<C> extends EventBase {
  /** The connection. */
  readonly connection: C;
  /** The connection's name, if it has one. */
  readonly name: string | undefined;
  /** The connection's endpoint, if it has one. */
  readonly endpoint: string | undefined;
}

/** An event without the fields that the pool adds. */
type Happening<C> =
  /** The connection became a member. */
  | { readonly type: 'joined'; readonly connection: C }
  /** The connection left the pool. */
  | { readonly type: 'left'; readonly connection: C; readonly reason: LeaveReason }
  /** The connection is being dialled. */
  | { readonly type: 'connecting'; readonly connection: C }
  /** The connection came into service, after a dial or an ejection. */
  | { readonly type: 'connected'; readonly connection: C }
  /** A dial failed. */
  | { readonly type: 'connect-failed'; readonly connection: C; readonly cause: unknown }
  /** A connected connection broke, or was invalidated. */
  | { readonly type: 'lost'; readonly connection: C; readonly cause: unknown }
  /** The connection takes no new work and finishes what it has. */
  | { readonly type: 'draining'; readonly connection: C }
  /** The connection is out of service for some time. */
  | { readonly type: 'ejected'; readonly connection: C }
  /** A redial follows in `delay` milliseconds. `attempt` counts from 1. */
  | { readonly type: 'reconnect-scheduled'; readonly connection: C; readonly attempt: number; readonly delay: number }
  /** Healing has given the connection up after `attempts` dials. */
  | {
      readonly type: 'reconnect-abandoned';
      readonly connection: C;
      readonly attempt: number;
      readonly reason: AbandonReason;
      readonly cause: unknown;
    }
  /**
   * A lease has been held for `duration` milliseconds, longer than `leakThreshold`; `acquiredAt` is the stack of the call that
   * acquired it.
   */
  | {
      readonly type: 'leak-suspected';
      readonly connection: C;
      readonly duration: number;
      readonly acquiredAt: string;
    }
  /** `count` leases were still open `lostGrace` after their connection was lost, and have been written off. */
  | { readonly type: 'leases-lost'; readonly connection: C; readonly count: number }
  /** A stream of the connection emitted an impossible value, which the pool ignored. */
  | { readonly type: 'misreported'; readonly connection: C; readonly member: ReportingMember; readonly value: unknown }
  /** `close()` of the connection rejected, or did not settle in time. */
  | { readonly type: 'close-failed'; readonly connection: C; readonly cause: unknown }
  /** The state of the circuit breaker changed. */
  | { readonly type: 'breaker-changed'; readonly state: BreakerState }
  /** `suspend()` was called, or `resume()`. */
  | { readonly type: 'suspended' | 'resumed' }
  /** A method of an observer threw. */
  | { readonly type: 'observer-failed'; readonly cause: unknown }
  /** The operator `heal` errored. Nothing is redialled until the pool is opened again. */
  | { readonly type: 'heal-failed'; readonly cause: unknown }
  /** The operator `heal` completed. Nothing is redialled until the pool is opened again. */
  | { readonly type: 'heal-ended' }
  /**
   * The command of a policy failed, and the policy goes on; or a move to another endpoint failed; or `classify` threw.
   * Also: the stream of a policy or of `breaker` errored, and has stopped until the pool is opened again.
   */
  | { readonly type: 'policy-failed'; readonly cause: unknown }
  /** The pool uses a new list of endpoints. */
  | { readonly type: 'endpoints-changed'; readonly endpoints: readonly string[] }
  /**
   * The observable `endpoints` emitted a `CommandFailure` or an unusable list, and goes on; or it errored, and is
   * subscribed to again when the pool is opened again. The last list stays in use.
   */
  | { readonly type: 'endpoints-failed'; readonly cause: unknown }
  /** The observable `endpoints` completed. The last list stays in use. */
  | { readonly type: 'endpoints-ended' };

/** An event of a pool; `type` tells which. It contains no arguments of requests and no payloads of replies. */
export type PoolEvent<C> =
  Happening<C> extends infer H
    ? H extends { readonly connection: C }
      ? H & ConnectionEventBase<C>
      : H & EventBase
    : never;

/** An event as plain data for JSON: without connections, each cause as its name, code and message. */
export type EventDescription = {
  /** The type of the event. */
  readonly type: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
} & Readonly<Record<string, unknown>>;

/**
 * Turns an event into plain data for logs and JSON: without connections, each cause as `{ name, code, message }`.
 * @example
 * ```ts
 * pool.events$.subscribe((event) => console.log(JSON.stringify(describe(event))));
 * ```
 */
export function describe<C>(event: PoolEvent<C>): EventDescription {
  const described: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event)) {
    if (key === 'connection' || value === undefined) continue;
    if (key === 'cause') described[key] = describeCause(value);
    else if (key === 'endpoints') described[key] = value;
    else described[key] = typeof value === 'string' || Number.isFinite(value) ? value : describeValue(value);
  }
  return described as EventDescription;
}

function describeCause(cause: unknown): unknown {
  if (!(cause instanceof Error)) return describeValue(cause);
  const { name, message, code } = cause as Error & { readonly code?: unknown };
  return { name, ...(code !== undefined && { code: String(code) }), message };
}

/** A text for a value that JSON refuses, changes or leaves out. For an object or function it is only the type. */
const describeValue = (value: unknown): string =>
  typeof value === 'object' || typeof value === 'function' ? typeof value : String(value);

/** The prototype of events: how Node's inspection and JSON show them. */
const EVENT = Object.defineProperties(
  {},
  {
    [INSPECT]: {
      value(this: PoolEvent<unknown>): unknown {
        return describe(this);
      },
    },
    toJSON: {
      value(this: PoolEvent<unknown>): unknown {
        return describe(this);
      },
    },
  },
);

function eventOf<C extends Connection>(happening: Happening<C>, at: number): PoolEvent<C> {
  const about =
    'connection' in happening
      ? { name: textOf(happening.connection, 'name'), endpoint: textOf(happening.connection, 'endpoint') }
      : undefined;
  return Object.assign(Object.create(EVENT), { ...happening, at, ...about });
}

/** The pool's events. Without a subscriber, no event is created. */
export class EventStream<C extends Connection> {
  readonly observable: Observable<PoolEvent<C>>;
  readonly #subject = new Subject<PoolEvent<C>>();
  readonly #turns: Turns;
  readonly #scheduler: SchedulerLike;
  #queued: { readonly happening: Happening<C>; readonly at: number }[] = [];

  constructor(turns: Turns, scheduler: SchedulerLike) {
    this.#turns = turns;
    this.#scheduler = scheduler;
    this.observable = this.#subject.asObservable();
  }

  /** Queues an event for the next flush. */
  emit(happening: Happening<C>): void {
    if (!this.#subject.observed) return;
    this.#queued.push({ happening, at: this.#scheduler.now() });
    this.#turns.requestFlush();
  }

  changed({ connection }: Member<C>, from: Phase | undefined, to: Phase, { reason = 'removed', cause }: Why): void {
    if (!this.#subject.observed) return;
    if (from === undefined) this.emit({ type: 'joined', connection });
    if (to === 'leaving') this.emit({ type: 'left', connection, reason });
    else if (to === 'broken') {
      const type = from === 'dialling' ? 'connect-failed' : 'lost';
      if (from !== undefined) this.emit({ type, connection, cause });
    } else if (from !== undefined && TYPES[to]) this.emit({ type: TYPES[to], connection });
  }

  flush(): void {
    const events = this.#queued;
    if (events.length === 0) return;
    this.#queued = [];
    for (const { happening, at } of events) this.#subject.next(eventOf(happening, at));
  }

  end(): void {
    this.#subject.complete();
  }
}

const TYPES: { readonly [phase: string]: 'connecting' | 'connected' | 'draining' | 'ejected' } = {
  dialling: 'connecting',
  serving: 'connected',
  draining: 'draining',
  ejected: 'ejected',
};
