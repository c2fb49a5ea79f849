import type { SchedulerLike, Subscription } from 'rxjs';
import { MAX_TIMER_DELAY } from '../checks.js';
import { closeWithin } from '../connection/close.js';
import { type Connection, type ConnectionState, causeOf, isUpState } from '../connection/connection.js';
import { flushEarlyReports, recordOf, releaseRecord, retainRecord } from '../connection/observe-connection.js';
import type { ConnectionRecord, DialResult, ReportingMember } from '../connection/record.js';
import { type Deferred, deferred } from '../deferred.js';
import { ConnectionClosedError } from '../errors.js';
import { counted } from '../selection/load-buckets.js';
import { LoadIndex } from '../selection/load-index.js';
import type { Turns } from '../streams/turns.js';
import { Dialer, type DialerBreaker, type DialerOptions } from './dialer.js';
import { drain } from './drain.js';
import { MemberLists } from './lists.js';
import { Activity, Member, type MemberOwner, type Phase } from './member.js';

/** Why a connection left the pool. */
export type LeaveReason =
  | 'removed'
  | 'reduced'
  | 'cleanup'
  | 'renewed'
  | 'rebalanced'
  | 'closed-by-owner'
  | 'pool-closed';

/** Why a member changes its phase. */
export interface Why {
  /** Why it left. */
  readonly reason?: LeaveReason;
  /** Why it broke. */
  readonly cause?: unknown;
}

/** The options that members depend on. They may change, so they are read when needed. */
export interface MembershipOptions<C> extends DialerOptions<C> {
  readonly closeTimeout: number;
  readonly drainTimeout: number;
  readonly scheduler: SchedulerLike;
}

/** Is told of changes of members. Called within transitions: it may queue effects, and must not call foreign code. */
export interface MembershipListener<C extends Connection> {
  /** A member went from one phase to another; `from` is undefined when it joins. */
  changed(member: Member<C>, from: Phase | undefined, to: Phase, why: Why): void;
  /** A connection with open leases was lost. */
  sessionLost(member: Member<C>): void;
  /** All leases on a member were written off, because its connection is closed. */
  leasesEnded(member: Member<C>): void;
  misreported(member: Member<C>, reporter: ReportingMember, value: unknown): void;
  closeFailed(connection: C, cause: unknown): void;
}

/** The reservation of a member for the pool's own work. */
interface Reservation {
  /** How many pieces of work hold it. */
  holders: number;
  /** The limit of the member without the reservation. */
  limit: number;
  /** Whether the member is not picked meanwhile. */
  isAlone: boolean;
}

/**
 * The members of a pool, and every change of their phases. Each change is a transition: fields change first, and then
 * `connect`, `close` and listeners are called.
 */
export class Membership<C extends Connection> implements MemberOwner<C> {
  /** The members, in order of joining. */
  readonly members = new Set<Member<C>>();
  readonly counts: Record<Exclude<Phase, 'leaving'>, number> = {
    fresh: 0,
    dialling: 0,
    serving: 0,
    draining: 0,
    ejected: 0,
    broken: 0,
    abandoned: 0,
  };
  /** The loads of all members. Members in service and below their limit can be picked from it. */
  readonly index = new LoadIndex<Member<C>>();
  readonly lists: MemberLists<C>;
  readonly dialer: Dialer<C>;
  /** Whether any dial has ended, or any connection was up, since the pool was opened. */
  hasDialled = false;
  /** Whether the pool is suspended: it lends nothing. */
  isHeld = false;
  /** Leaving members, each until it is closed or has joined again. */
  readonly #leaving = new Map<Member<C>, Deferred<void>>();
  /** Members reserved for the pool's own work. */
  readonly #reserved = new Map<Member<C>, Reservation>();
  readonly #closings = new Map<Member<C>, Promise<void>>();
  readonly #listener: MembershipListener<C>;
  #seq = 0;

  constructor(
    readonly turns: Turns,
    readonly options: MembershipOptions<C>,
    breaker: DialerBreaker,
    listener: MembershipListener<C>,
  ) {
    this.#listener = listener;
    this.lists = new MemberLists<C>(this.members, turns);
    this.dialer = new Dialer(this, breaker);
  }

  get size(): number {
    return this.members.size;
  }

  /** How many connections are open: being dialled, up, draining or being closed. */
  get open(): number {
    const { dialling, serving, draining, ejected } = this.counts;
    let open = dialling + serving + draining + ejected + this.#leaving.size;
    for (const { phase } of this.#closings.keys()) if (DOWN.has(phase)) open++;
    return open;
  }

  /** The member of a connection in this pool. */
  memberOf(connection: C): Member<C> | undefined {
    const { stay } = recordOf(connection);
    return stay instanceof Member && this.members.has(stay) ? stay : undefined;
  }

  /** Whether a connection belongs to another pool, which may still be closing it. */
  isElsewhere(connection: C): boolean {
    const { stay } = recordOf(connection);
    return stay !== undefined && (stay as Member<C>).owner !== this;
  }

  /**
   * Whether a connection cannot join, because it is a member here or elsewhere. One that is leaving this pool can join.
   */
  isTaken(connection: C): boolean {
    return this.isElsewhere(connection) || this.memberOf(connection) !== undefined;
  }

  inPhase(...phases: readonly Phase[]): Member<C>[] {
    return [...this.members].filter(({ phase }) => phases.includes(phase));
  }

  // Joining and leaving

  /** Subscribes to connections that are about to join. Their streams are foreign code, so this is no transition. */
  claim(connections: readonly C[]): ConnectionRecord<C>[] {
    return connections.map(retainRecord);
  }

  /** Releases the claims of connections that do not join. */
  unclaim(records: readonly ConnectionRecord<C>[]): void {
    for (const { connection } of records) releaseRecord(connection);
  }

  /** Adds claimed connections, unless they are members here or elsewhere. One that is leaving this pool stays. */
  join(records: readonly ConnectionRecord<C>[]): Member<C>[] {
    return this.turns.run(() => {
      const joined: Member<C>[] = [];
      for (const record of records) {
        const member = (record.stay as Member<C> | undefined) ?? new Member(record, this);
        // A stay that goes on has its own claim.
        if (record.stay) releaseRecord(record.connection);
        if (member.owner !== this || this.members.has(member)) continue;
        this.#join(member);
        joined.push(member);
      }
      return joined;
    });
  }

  #join(member: Member<C>): void {
    const { record } = member;
    this.#endActivity(member);
    const departure = this.#leaving.get(member);
    this.#leaving.delete(member);
    // A closing under way is completed: `close()` waits for it.
    if (departure) void (this.#closings.get(member) ?? Promise.resolve()).then(() => departure.resolve());
    record.stay = member;
    member.seq = ++this.#seq;
    this.index.load += counted(member.load);
    this.members.add(member);
    const phase = this.#closings.has(member) ? 'fresh' : phaseOf(record.state);
    this.#change(member, undefined, phase);
    flushEarlyReports(record);
    if (phase === 'dialling') this.dialer.follow(member);
    if (phase === 'draining') void this.redial(member);
  }

  /** Removes members; they drain and close in the background. Returns how many left. */
  remove(members: Iterable<Member<C>>, reason: LeaveReason, drainTimeout = this.options.drainTimeout): number {
    return this.turns.run(() => {
      const leaving = [...members].filter((member) => this.members.has(member));
      // The latest first, because removing from the end of a list is cheap.
      for (const member of [...leaving].reverse()) this.lists.changed(member, member.phase, undefined);
      for (const member of leaving) this.#leave(member, reason);
      for (const member of leaving) this.#drainAndClose(member, drainTimeout);
      this.dialer.pump();
      return leaving.length;
    });
  }

  #leave(member: Member<C>, reason: LeaveReason): void {
    this.members.delete(member);
    this.index.load -= counted(member.load);
    this.#change(member, member.phase, 'leaving', { reason });
    this.dialer.cancel(member);
    this.#leaving.set(member, deferred());
  }

  #drainAndClose(member: Member<C>, drainTimeout: number): void {
    const { record } = member;
    // A connection that is already being closed finishes no work.
    const isBusy = member.load > 0 && isUpState(record.state) && drainTimeout > 0 && !this.#closings.has(member);
    this.begin(member, (activity) => {
      if (!isBusy) this.#closeLeaving(member);
      else activity.add(drain(record, drainTimeout, this.options.scheduler, () => this.#closeLeaving(member)));
    });
    if (isBusy && drainTimeout < MAX_TIMER_DELAY) this.requestRelease(member);
  }

  #closeLeaving(member: Member<C>): void {
    this.#endActivity(member);
    const departure = this.#leaving.get(member);
    void this.close(member, new ConnectionClosedError('The connection left the pool')).then(() => {
      // It may have joined again meanwhile, and even be leaving again.
      if (!departure || this.#leaving.get(member) !== departure) return;
      this.#leaving.delete(member);
      member.record.stay = undefined;
      releaseRecord(member.connection);
      departure.resolve();
      this.turns.run(() => this.dialer.pump());
    });
  }

  /** Resolves when a member that is leaving is closed, or has joined again. */
  async whenLeft(member: Member<C>): Promise<void> {
    await this.#leaving.get(member)?.promise;
  }

  /**
   * The members that are leaving now. `done` resolves when all of them are closed; `stopDraining` closes them at once.
   */
  leavingNow(): { readonly done: Promise<unknown>; stopDraining(): void } {
    const departures = [...this.#leaving];
    return {
      done: Promise.all(departures.map(([, { promise }]) => promise)),
      stopDraining: () => {
        for (const [member, departure] of departures) {
          // A member that joined again meanwhile may be leaving again, with its own time.
          const isSame = this.#leaving.get(member) === departure;
          if (isSame && !this.#closings.has(member)) this.#closeLeaving(member);
        }
      },
    };
  }

  /** Aborts the leases of the leaving members, however long their drain timeout is. */
  hurryLeaving(): void {
    for (const member of this.#leaving.keys()) if (!this.#closings.has(member)) this.requestRelease(member);
  }

  /** Aborts the leases on a member that is to be given up soon. */
  requestRelease(member: Member<C>): void {
    const reason = new ConnectionClosedError('The pool wants the connection back');
    this.#activityOf(member).isReleaseRequested = true;
    this.turns.after(() => member.record.requestRelease(reason));
  }

  // Phases

  /** Goes to another phase; the work of the phase before ends. */
  go(member: Member<C>, to: Exclude<Phase, 'leaving'>, cause?: unknown): void {
    if (member.phase === to || !this.members.has(member)) return;
    this.turns.begin();
    try {
      this.#change(member, member.phase, to, cause === undefined ? UNTOLD : { cause });
      this.dialer.pump();
    } finally {
      this.turns.end();
    }
  }

  /** Starts work that ends with the member's phase. */
  begin(member: Member<C>, start: (activity: Subscription) => void): void {
    const activity = this.#activityOf(member);
    this.turns.after(() => {
      if (!activity.closed) start(activity);
    });
  }

  #change(member: Member<C>, from: Phase | undefined, to: Phase, why = UNTOLD): void {
    this.#endActivity(member);
    if (from === 'serving') this.index.remove(member);
    if (from && from !== 'leaving') this.counts[from]--;
    member.phase = to;
    if (to !== 'leaving') this.counts[to]++;
    if (to === 'serving') this.index.add(member);
    if (to === 'serving' || to === 'broken') this.hasDialled = true;
    if (to !== 'leaving') this.lists.changed(member, from, to);
    this.#listener.changed(member, from, to, why);
    this.turns.requestFlush();
  }

  #activityOf(member: Member<C>): Activity {
    member.activity ??= new Activity();
    return member.activity;
  }

  #endActivity(member: Member<C>): void {
    member.activity?.unsubscribe();
    member.activity = undefined;
  }

  // Dialling, ejection and invalidation

  dial(member: Member<C>): Promise<DialResult> {
    return this.dialer.dial(member);
  }

  /** Abandons a broken member for this cause, which callers are told if there is no other. */
  abandon(member: Member<C>, cause: unknown): void {
    if (member.phase !== 'broken' || !this.members.has(member)) return;
    this.dialer.lastFailure = cause;
    this.go(member, 'abandoned');
  }

  /** Dials members. Resolves when every dial has settled. */
  async dialAll(members: readonly Member<C>[]): Promise<void> {
    await Promise.all(this.turns.run(() => members.map((member) => this.dialer.dial(member))));
  }

  /** Drains a member that is up, closes it and dials it again. */
  async redial(member: Member<C>, drainTimeout = this.options.drainTimeout): Promise<DialResult> {
    if (member.isUp) {
      await this.turns.run(() => {
        this.go(member, 'draining');
        return this.#drained(member, drainTimeout);
      });
      this.turns.run(() => {
        // It may have broken meanwhile. Then `heal` dials it, or this method.
        if (member.phase !== 'draining') return;
        void this.close(member, new ConnectionClosedError('The connection was closed to be dialled anew'));
        this.go(member, 'dialling');
      });
    }
    return this.dialer.dial(member);
  }

  /** Resolves when a draining member has drained, or has changed its phase. */
  #drained(member: Member<C>, timeout: number): Promise<void> {
    return new Promise((resolve) => {
      // Added within the transition: another effect may end the phase before the drain begins.
      this.#activityOf(member).add(resolve);
      this.begin(member, (activity) => {
        activity.add(drain(member.record, timeout, this.options.scheduler, resolve));
      });
      if (timeout < MAX_TIMER_DELAY) this.requestRelease(member);
    });
  }

  /** Takes a member out of service for some time. A second ejection restarts the time. */
  eject(member: Member<C>, duration: number): boolean {
    if (member.phase !== 'serving' && member.phase !== 'ejected') return false;
    this.turns.run(() => {
      this.go(member, 'ejected');
      this.#endActivity(member);
      this.begin(member, (activity) => {
        activity.add(this.options.scheduler.schedule(() => this.go(member, 'serving'), duration));
      });
    });
    return true;
  }

  /** Invalidates a member that is up: it becomes broken, and is closed. */
  invalidate(member: Member<C>, cause: unknown): boolean {
    if (!this.members.has(member) || !member.isUp) return false;
    this.turns.run(() => {
      this.#change(member, member.phase, 'broken', { cause });
      // Before other dials start, because it counts as open until it is closed.
      void this.close(member, cause);
      this.dialer.pump();
    });
    return true;
  }

  /**
   * Closes the connection of a member, or of one that is leaving. Resolves within the bound; until then it must not be
   * dialled.
   *
   * @param reason - aborts its leases; without a reason they go on.
   */
  close(member: Member<C>, reason?: unknown): Promise<void> {
    const { record } = member;
    const { closeTimeout, scheduler } = this.options;
    const closing = deferred();
    this.#closings.set(member, closing.promise);
    this.turns.run(() => {
      if (reason !== undefined) this.#retire(member, reason);
      this.turns.after(() => {
        void closeWithin(record.connection, closeTimeout, scheduler).then((cause) => {
          const isLatest = this.#closings.get(member) === closing.promise;
          if (isLatest) this.#closings.delete(member);
          if (cause !== undefined) this.#listener.closeFailed(record.connection, cause);
          closing.resolve();
          if (isLatest) this.turns.run(() => this.dialer.pump());
        });
      });
    });
    return closing.promise;
  }

  /** Whether a member is being closed. */
  isClosing(member: Member<C>): boolean {
    return this.#closings.has(member);
  }

  #retire(member: Member<C>, reason: unknown): void {
    const { record } = member;
    const from = member.load;
    member.session++;
    member.writeOffLeases(member.leased);
    this.#listener.leasesEnded(member);
    this.turns.after(() => {
      record.loadChanged(from, member.load);
      record.retired(reason);
    });
  }

  // What connections report

  stateChanged(member: Member<C>, state: ConnectionState, from: ConnectionState, cause: unknown): void {
    // A session goes on while it drains.
    const isLoss = isUpState(from) && !isUpState(member.record.state);
    if (isLoss) member.session++;
    this.turns.begin();
    try {
      // A leaving member may join again.
      if (isLoss && member.leased > 0) this.#listener.sessionLost(member);
      if (member.phase !== 'leaving') this.#react(member, state, from, cause);
    } finally {
      this.turns.end();
    }
  }

  #react(member: Member<C>, state: ConnectionState, from: ConnectionState, cause: unknown): void {
    const { phase } = member;
    if (state === 'connecting') {
      // A dial that began elsewhere is followed; during a dial of the pool it is part of that.
      if (phase !== 'dialling') this.dialer.follow(member);
    } else if (this.#closings.has(member) || (from === 'closed' && phase !== 'fresh')) {
      // The pool has closed it, but an earlier dial of the pool may still succeed.
      if (state === 'connected' && phase !== 'dialling') void this.close(member);
    } else if (state === 'closed') this.remove([member], 'closed-by-owner', 0);
    else if (phase === 'dialling') return;
    else if (state === 'draining') void this.redial(member);
    else if (state === 'broken') this.go(member, 'broken', cause ?? causeOf(member.connection));
    else if (state === 'idle') this.go(member, 'fresh');
    else if (DOWN.has(phase)) this.go(member, 'serving');
  }

  misreported(member: Member<C>, reporter: ReportingMember, value: unknown): void {
    this.#listener.misreported(member, reporter, value);
  }

  // Limits

  /** Tells listeners that count idle connections whether the pool is suspended. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    this.turns.after(() => {
      for (const { record } of this.members) record.heldChanged();
    });
  }

  /**
   * Reserves a member for the pool's own work until the returned function is called. A member whose limit is or becomes
   * 1 is not picked until then.
   */
  reserve(member: Member<C>): () => void {
    const reservation = this.#reserved.get(member) ?? { holders: 0, limit: member.limit, isAlone: false };
    reservation.holders++;
    this.#reserved.set(member, reservation);
    this.setLimit(member, reservation.limit);
    return () => {
      if (--reservation.holders > 0) return;
      const { isHeld } = member;
      this.#reserved.delete(member);
      this.#applyLimit(member, reservation.limit, isHeld);
    };
  }

  /** Whether the pool has reserved a member. */
  isReserved(member: Member<C>): boolean {
    return this.#reserved.get(member)?.isAlone === true;
  }

  /** Sets the load at which a member is no longer picked. */
  setLimit(member: Member<C>, limit: number): void {
    const reservation = this.#reserved.get(member);
    if (reservation) {
      reservation.limit = limit;
      reservation.isAlone ||= limit === 1;
    }
    this.#applyLimit(member, reservation?.isAlone ? 0 : limit);
  }

  #applyLimit(member: Member<C>, limit: number, wasHeld = member.isHeld): void {
    if (member.limit !== limit) {
      member.limit = limit;
      if (member.index) member.index.relimit(member);
      this.index.onLoad?.();
    }
    if (member.isHeld !== wasHeld) this.turns.after(() => member.record.heldChanged());
  }
}

const UNTOLD: Why = {};

/** Phases of a member that is open only while it is being closed. */
const DOWN: ReadonlySet<Phase> = new Set(['fresh', 'broken', 'abandoned']);

const PHASES: Readonly<Record<ConnectionState, Exclude<Phase, 'leaving'>>> = {
  idle: 'fresh',
  closed: 'fresh',
  connecting: 'dialling',
  connected: 'serving',
  draining: 'draining',
  broken: 'broken',
};

const phaseOf = (state: ConnectionState): Exclude<Phase, 'leaving'> => PHASES[state];
