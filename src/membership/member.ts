import { Subscription } from 'rxjs';
import type { Connection, ConnectionState } from '../connection/connection.js';
import type { ConnectionRecord, DialResult, ReportingMember, Stay } from '../connection/record.js';
import { type Ranked, UNLIMITED } from '../selection/load-buckets.js';
import type { LoadIndex } from '../selection/load-index.js';

/**
 * The phase of a member:
 *
 * - `fresh`: never dialled
 * - `dialling`: being dialled or warmed up, or closed in order to be dialled
 * - `serving`: connected and in service
 * - `draining`: out of service until its work has finished; it is redialled then
 * - `ejected`: out of service for some time
 * - `broken`: failed, lost or invalidated
 * - `abandoned`: broken, and given up by `heal`
 * - `leaving`: no longer in the pool's lists; it drains and is closed
 */
export type Phase = 'fresh' | 'dialling' | 'serving' | 'draining' | 'ejected' | 'broken' | 'abandoned' | 'leaving';

/** The phases of a member that is connected, in service or not. */
const UP: ReadonlySet<Phase> = new Set(['serving', 'draining', 'ejected']);

/** The work that a phase has begun, which ends with the phase. */
export class Activity extends Subscription {
  /** Whether the pool has asked for the connection to be released soon; leases that ask later are told too. */
  isReleaseRequested = false;
}

/** The pool, as a member sees it. */
export interface MemberOwner<C extends Connection> {
  /** Whether the pool is suspended and lends nothing. */
  readonly isHeld: boolean;
  /** The loads of all members that are not leaving. */
  readonly index: LoadIndex<Member<C>>;
  stateChanged(member: Member<C>, state: ConnectionState, from: ConnectionState, cause: unknown): void;
  misreported(member: Member<C>, reporter: ReportingMember, value: unknown): void;
  dial(member: Member<C>): Promise<DialResult>;
  abandon(member: Member<C>, cause: unknown): void;
  reserve(member: Member<C>): () => void;
  isReserved(member: Member<C>): boolean;
}

/**
 * One stay of a connection in a pool: created when it joins, dropped when it has left and is closed. A connection that
 * joins again before that keeps its member.
 */
export class Member<C extends Connection = Connection> implements Stay, Ranked {
  /** Leases open on the connection, in this session and in earlier ones whose work goes on. */
  leased = 0;
  position = -1;
  limit = UNLIMITED;
  phase: Phase = 'fresh';
  /** The work of the phase: a dial, a drain, a timer. It ends with the phase. */
  activity: Activity | undefined = undefined;
  /** Position in the order of joining. */
  seq = 0;
  /** The number of its session. It rises with each loss of the connection, and each time that the pool closes it. */
  session = 0;

  constructor(
    readonly record: ConnectionRecord<C>,
    readonly owner: MemberOwner<C>,
  ) {}

  get connection(): C {
    return this.record.connection;
  }

  /** The larger of both counts, so that a lease without a request counts, and one with a request counts once. */
  get load(): number {
    const { pending } = this.record;
    return pending > this.leased ? pending : this.leased;
  }

  /** The pool's load index; undefined while the member is leaving. */
  get index(): LoadIndex<Member<C>> | undefined {
    return this.phase === 'leaving' ? undefined : this.owner.index;
  }

  get isMember(): boolean {
    return this.phase !== 'leaving';
  }

  get isUp(): boolean {
    return UP.has(this.phase);
  }

  get isDialling(): boolean {
    return this.phase === 'dialling';
  }

  get isHeld(): boolean {
    return this.owner.isHeld || (this.limit === 0 && !this.isReserved);
  }

  get isClosedByPool(): boolean {
    return this.record.state === 'closed' && this.phase !== 'leaving' && this.phase !== 'fresh';
  }

  check(): void {
    this.record.check();
  }

  acquire(): void {
    const leased = ++this.leased;
    if (leased <= this.record.pending) return;
    this.index?.up(this, leased - 1);
    if (this.record.listeners !== undefined) this.record.loadChanged(leased - 1, leased);
  }

  /** Releases one lease. */
  release(): void {
    const leased = --this.leased;
    if (leased < this.record.pending) return;
    this.index?.down(this, leased + 1);
    if (this.record.listeners !== undefined) this.record.loadChanged(leased + 1, this.load);
  }

  /** Writes off leases: their later release has no effect. */
  writeOffLeases(count: number): void {
    const from = this.load;
    this.leased -= count;
    if (from !== this.load) this.index?.move(this, from, this.load);
  }

  pendingRose(): void {
    const { pending } = this.record;
    if (pending > this.leased) this.index?.up(this, pending - 1);
  }

  pendingFell(): void {
    const { pending } = this.record;
    if (pending >= this.leased) this.index?.down(this, pending + 1);
  }

  pendingMoved(before: number): void {
    const from = before > this.leased ? before : this.leased;
    if (from !== this.load) this.index?.move(this, from, this.load);
  }

  stateChanged(state: ConnectionState, from: ConnectionState, cause: unknown): void {
    this.owner.stateChanged(this, state, from, cause);
  }

  misreported(reporter: ReportingMember, value: unknown): void {
    this.owner.misreported(this, reporter, value);
  }

  get isReserved(): boolean {
    return this.owner.isReserved(this);
  }

  reserve(): () => void {
    return this.owner.reserve(this);
  }

  dial(): Promise<DialResult> {
    return this.owner.dial(this);
  }

  giveUp(cause: unknown): void {
    this.owner.abandon(this, cause);
  }
}
