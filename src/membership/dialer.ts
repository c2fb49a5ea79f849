import type { SchedulerLike, Subscription } from 'rxjs';
import { attempt } from '../connection/attempt.js';
import { closeQuietly } from '../connection/close.js';
import { type Connection, causeOf } from '../connection/connection.js';
import { type ConnectionHook, runHook } from '../connection/hook.js';
import type { DialResult } from '../connection/record.js';
import { type Deferred, deferred } from '../deferred.js';
import { ConnectionClosedError, ConnectTimeoutError, WarmupError } from '../errors.js';
import type { Turns } from '../streams/turns.js';
import type { Member, Phase } from './member.js';

/** The options that dials depend on. */
export interface DialerOptions<C> {
  readonly maxDials: number;
  readonly maxSize: number;
  readonly connectTimeout: number;
  readonly warmup: false | ConnectionHook<C>;
  readonly scheduler: SchedulerLike;
}

/** The circuit breaker, as the dialer sees it. */
export interface DialerBreaker {
  readonly state: 'closed' | 'open' | 'half-open';
  /** How often the circuit has opened. */
  readonly openings: number;
  report(ok: boolean): void;
}

/** The members, as the dialer sees them. */
export interface DialedMembers<C extends Connection> {
  readonly turns: Turns;
  readonly options: DialerOptions<C>;
  readonly members: ReadonlySet<Member<C>>;
  readonly open: number;
  go(member: Member<C>, to: Exclude<Phase, 'leaving'>, cause?: unknown): void;
  begin(member: Member<C>, start: (activity: Subscription) => void): void;
  close(member: Member<C>): Promise<void>;
  isClosing(member: Member<C>): boolean;
}

interface Dial<C extends Connection> {
  readonly member: Member<C>;
  readonly result: Deferred<DialResult>;
  /** The number of openings when the dial began. */
  openings: number;
}

const leftError = (): ConnectionClosedError =>
  new ConnectionClosedError('The connection left the pool before it was up');

/** Dials members, a limited number at once and each within a deadline; at most one dial for each member. */
export class Dialer<C extends Connection> {
  /** Why the last dial failed or the last member was abandoned; undefined after a success. */
  lastFailure: unknown = undefined;
  readonly #dials = new Map<Member<C>, Dial<C>>();
  readonly #queue = new Set<Dial<C>>();
  /** Dials that have a slot. */
  readonly #running = new Set<Dial<C>>();
  readonly #pool: DialedMembers<C>;
  readonly #breaker: DialerBreaker;

  constructor(pool: DialedMembers<C>, breaker: DialerBreaker) {
    this.#pool = pool;
    this.#breaker = breaker;
  }

  /** Dials a member as soon as there is a slot; shares an attempt under way. */
  dial(member: Member<C>): Promise<DialResult> {
    if (!this.#pool.members.has(member)) return Promise.resolve({ ok: false, cause: leftError() });
    if (member.isUp) return Promise.resolve({ ok: true });
    return this.#pool.turns.run(() => {
      const { result } = this.#dials.get(member) ?? this.#enqueue(member);
      this.pump();
      return result.promise;
    });
  }

  /** Follows a dial that began elsewhere: it has the pool's deadline, but needs no slot. */
  follow(member: Member<C>): void {
    const dial = this.#dials.get(member) ?? this.#enqueue(member);
    if (this.#queue.delete(dial)) this.#run(dial, false);
  }

  /** Cancels the dial of a member that leaves. `pump` gives its slot to others. */
  cancel(member: Member<C>): void {
    const dial = this.#dials.get(member);
    if (!dial) return;
    this.#dials.delete(member);
    this.#queue.delete(dial);
    this.#running.delete(dial);
    dial.result.resolve({ ok: false, cause: leftError() });
  }

  /**
   * Starts queued dials while there are slots, and while `maxSize` allows more open connections. A dial that waits for
   * room, or for the closing of its last transport, does not delay other dials.
   */
  pump(): void {
    const pool = this.#pool;
    for (const dial of this.#queue) {
      const { member } = dial;
      if (member.isUp) {
        // It came up by itself while it waited.
        this.#dials.delete(member);
        this.#queue.delete(dial);
        dial.result.resolve({ ok: true });
        continue;
      }
      if (!this.#hasSlot) return;
      const hasRoom = member.phase === 'dialling' || pool.open < pool.options.maxSize;
      if (!hasRoom || pool.isClosing(member)) continue;
      this.#queue.delete(dial);
      this.#run(dial, true);
    }
  }

  #enqueue(member: Member<C>): Dial<C> {
    const dial: Dial<C> = { member, result: deferred(), openings: 0 };
    this.#dials.set(member, dial);
    this.#queue.add(dial);
    return dial;
  }

  /** A half-open circuit has one slot. Dials that began before it opened may hang, and do not occupy it. */
  get #hasSlot(): boolean {
    const { state, openings } = this.#breaker;
    if (state === 'closed') return this.#running.size < this.#pool.options.maxDials;
    return state === 'half-open' && ![...this.#running].some((dial) => dial.openings === openings);
  }

  /** @param connects - whether to call `connect()` here. */
  #run(dial: Dial<C>, connects: boolean): void {
    const { member } = dial;
    const { connectTimeout: timeout, scheduler, warmup } = this.#pool.options;
    const connectedLate = (): void => this.#closeLate(member);
    dial.openings = this.#breaker.openings;
    this.#running.add(dial);
    this.#pool.go(member, 'dialling');
    this.#pool.begin(member, (activity) => {
      const options = { timeout, scheduler, connects, connectedLate };
      activity.add(attempt(member.record, options, (result) => this.#dialled(dial, result, warmup)));
    });
  }

  #dialled(dial: Dial<C>, result: DialResult, warmup: false | ConnectionHook<C>): void {
    const { member } = dial;
    if (!result.ok || !warmup) {
      this.#finish(dial, result);
      return;
    }
    const { connectTimeout: timeout, scheduler } = this.#pool.options;
    const { record } = member;
    const warmedUp = (): void => {
      // The connection may have been lost after the hook had settled.
      if (record.state === 'connected') this.#finish(dial, { ok: true });
      else this.#finish(dial, { ok: false, cause: causeOf(record.connection) });
    };
    this.#pool.begin(member, () => {
      runHook(record, warmup, { name: 'warm-up', timeout, scheduler, ErrorType: WarmupError }).then(
        warmedUp,
        (cause: unknown) => this.#finish(dial, { ok: false, cause }),
      );
    });
  }

  #finish(dial: Dial<C>, result: DialResult): void {
    const { member } = dial;
    const pool = this.#pool;
    if (this.#dials.get(member) !== dial) return;
    pool.turns.run(() => {
      this.#dials.delete(member);
      this.lastFailure = result.ok ? undefined : result.cause;
      if (result.ok) pool.go(member, 'serving');
      else {
        // The connection does not know of these failures: it may be connected, or still be dialling.
        if (result.cause instanceof ConnectTimeoutError || result.cause instanceof WarmupError) void pool.close(member);
        pool.go(member, 'broken', result.cause);
      }
      dial.result.resolve(result);
      pool.turns.after(() => {
        // The slot is freed after the breaker has heard of the dial, because it may leave no slot for the next. A
        // failure of a dial that began before the circuit opened does not count.
        if (result.ok || dial.openings === this.#breaker.openings) this.#breaker.report(result.ok);
        pool.turns.run(() => {
          this.#running.delete(dial);
          this.pump();
        });
      });
    });
  }

  /** Closes a connection whose dial succeeded after it was given up. */
  #closeLate(member: Member<C>): void {
    const { stay, connection } = member.record;
    const isMember = this.#pool.members.has(member);
    // The member that dialled closes it once more; a stay that began meanwhile makes its own dial.
    if (isMember && !this.#dials.has(member) && !member.isUp) void this.#pool.close(member);
    else if (!isMember && (stay === undefined || stay === member)) closeQuietly(connection);
  }
}
