import type { ConnectionState, HealthStatus } from 'rxpool';
import type { DialScript } from 'rxpool/testing';

/**
 * Options of the pool under test, in milliseconds. The first is unlike the default of `waitTimeout`: which of two
 * deadlines comes first at the same time is not specified.
 */
export const CONNECT_TIMEOUT = 4_987;
export const DRAIN_TIMEOUT = 1_000;

type Standing = 'fresh' | 'connecting' | 'connected' | 'ejected' | 'broken';

/** One use of a connection. */
export interface ModelLoan {
  /** Whether its signal aborts when the pool wants the connection back. */
  readonly isLease: boolean;
  /** Whether its signal has aborted. */
  told: boolean;
  /** Whether the connection was lost since, so that this use belongs to an earlier session. */
  lost: boolean;
}

/** Model of a connection. */
export class ModelConnection {
  state: ConnectionState = 'idle';
  standing: Standing = 'fresh';
  pending = 0;
  loans: ModelLoan[] = [];
  /** Time at which its dial times out. */
  deadline = Number.POSITIVE_INFINITY;
  /** Time at which its ejection ends. */
  returns = Number.POSITIVE_INFINITY;
  /** The last value of its `capacity$`. */
  capacity = Number.POSITIVE_INFINITY;

  constructor(
    readonly name: string,
    public script: DialScript,
    /** Whether it reports `broken` when it is closed during its dial. */
    readonly failsWhenClosed: boolean,
  ) {}

  get load(): number {
    return Math.max(this.pending, this.loans.length);
  }
}

/** Options of the pool under test that reconfigure() can change. */
export interface Sizes {
  readonly poolSize: number;
  readonly minSize: number;
  readonly maxSize: number;
  readonly maxPending: number;
}

/** Model of a pool: the contract in the simplest and slowest code. */
export class PoolModel {
  lifecycle: 'new' | 'open' | 'closed' = 'new';
  now = 0;
  members: ModelConnection[] = [];
  /** Draining connections, with the time at which draining ends. */
  readonly leaving = new Map<ModelConnection, number>();
  readonly made: ModelConnection[] = [];
  /** Members whose dial waits. */
  readonly queued = new Set<ModelConnection>();
  poolSize: number;
  minSize: number;
  maxSize: number;
  maxPending: number;
  /** Number of connections that have connected since waiters were last served. */
  arrivals = 0;
  #proven = false;

  constructor(
    { poolSize, minSize, maxSize, maxPending }: Sizes,
    public script: DialScript,
  ) {
    this.poolSize = poolSize;
    this.minSize = minSize;
    this.maxSize = maxSize;
    this.maxPending = maxPending;
  }

  get connected(): ModelConnection[] {
    return this.members.filter(({ standing }) => standing === 'connected');
  }

  get broken(): ModelConnection[] {
    return this.members.filter(({ standing }) => standing === 'broken');
  }

  /** Connected members below their limit. */
  get candidates(): ModelConnection[] {
    return this.connected.filter(({ load, capacity }) => load < Math.min(capacity, this.maxPending));
  }

  get leastLoad(): number {
    return Math.min(...this.candidates.map(({ load }) => load));
  }

  get pending(): number {
    return this.members.reduce((sum, { load }) => sum + load, 0);
  }

  get vacancies(): number {
    return Math.max(0, this.maxSize - this.members.length);
  }

  get status(): HealthStatus {
    if (this.lifecycle === 'closed') return 'closed';
    if (this.members.length === 0) return 'empty';
    if (!this.#proven) return 'starting';
    if (this.connected.length === 0) return 'down';
    return this.connected.length < this.poolSize ? 'degraded' : 'healthy';
  }

  count(standing: Standing): number {
    return this.members.filter((one) => one.standing === standing).length;
  }

  make(): ModelConnection {
    const number = this.made.length + 1;
    const made = new ModelConnection(`#${number}`, this.script, number % 2 === 1);
    this.made.push(made);
    return made;
  }

  setup(): void {
    this.#recruit(this.poolSize - this.members.length);
    for (const member of this.members) this.dial(member);
  }

  extendBySize(size: number): void {
    for (const newcomer of this.#recruit(Math.min(size, this.vacancies))) this.dial(newcomer);
  }

  /** Whether all fit into maxSize. */
  extendByConnections(given: readonly ModelConnection[]): boolean {
    const newcomers = [...new Set(given)].filter((one) => !this.members.includes(one));
    if (newcomers.length > this.vacancies) return false;
    this.join(newcomers);
    for (const newcomer of newcomers) this.dial(newcomer);
    return true;
  }

  #recruit(count: number): ModelConnection[] {
    const newcomers = Array.from({ length: Math.max(0, count) }, () => this.make());
    this.join(newcomers);
    return newcomers;
  }

  join(newcomers: readonly ModelConnection[]): void {
    if (this.lifecycle !== 'open') this.#proven = false;
    this.lifecycle = 'open';
    for (const one of newcomers) {
      this.leaving.delete(one);
      one.standing = one.state === 'closed' || one.state === 'idle' ? 'fresh' : (one.state as Standing);
      if (one.standing === 'connected') this.#proven = true;
      this.members.push(one);
    }
    this.poolSize = Math.max(this.poolSize, this.members.length);
  }

  /** Connections that are open, those that are being closed included. */
  get #open(): number {
    return (
      this.members.filter(({ state }) => state === 'connected' || state === 'connecting').length + this.leaving.size
    );
  }

  dial(one: ModelConnection): void {
    if (one.state === 'connected' || one.state === 'connecting') return;
    this.queued.add(one);
    this.pump();
  }

  /** Starts queued dials while `maxSize` allows more open connections. */
  pump(): void {
    for (const one of this.queued) {
      if (this.#open >= this.maxSize) return;
      this.queued.delete(one);
      if (this.members.includes(one)) this.startDial(one);
    }
  }

  startDial(one: ModelConnection): void {
    if (one.state === 'connected' || one.state === 'connecting') return;
    one.state = one.standing = 'connecting';
    one.deadline = this.now + CONNECT_TIMEOUT;
    if (one.script !== 'wait') this.settleDial(one, one.script === 'accept');
  }

  settleDial(one: ModelConnection, accepted: boolean): void {
    if (one.state !== 'connecting') return;
    one.deadline = Number.POSITIVE_INFINITY;
    one.state = one.standing = accepted ? 'connected' : 'broken';
    if (accepted) this.arrivals++;
    this.#proven = true;
    if (!accepted) this.pump();
  }

  reduce(amount: number, busyToo: boolean): number {
    if (amount <= 0) return 0;
    const target = Math.max(this.minSize, this.poolSize - amount);
    const leavers = this.#chooseLeavers(this.members.length - target, busyToo);
    for (const one of leavers) this.leave(one);
    this.poolSize = Math.max(target, this.members.length);
    return leavers.length;
  }

  #chooseLeavers(excess: number, busyToo: boolean): ModelConnection[] {
    const latestFirst = [...this.members].reverse();
    const isBusy = (one: ModelConnection): boolean => one.state === 'connected' && one.load > 0;
    const kinds: readonly Standing[][] = [['broken'], ['fresh'], ['connecting'], ['connected', 'ejected']];
    const useless = kinds.flatMap((kind) => latestFirst.filter((one) => kind.includes(one.standing) && !isBusy(one)));
    const busy = latestFirst.filter(isBusy).sort((a, b) => a.load - b.load);
    return [...useless, ...(busyToo ? busy : [])].slice(0, Math.max(0, excess));
  }

  leave(one: ModelConnection, drainTimeout = DRAIN_TIMEOUT): void {
    this.members = this.members.filter((member) => member !== one);
    // A connection that joins again queues for its dial anew.
    this.queued.delete(one);
    one.returns = Number.POSITIVE_INFINITY;
    if (one.state !== 'connected' || one.load === 0) this.shut(one);
    else {
      this.leaving.set(one, this.now + drainTimeout);
      if (drainTimeout < Number.POSITIVE_INFINITY) this.#recall(one);
    }
  }

  /** Aborts the signals of leases, which have no end of their own. */
  #recall(one: ModelConnection): void {
    for (const loan of one.loans) loan.told ||= loan.isLease;
  }

  /** Closes it, and ends its requests and uses. */
  shut(one: ModelConnection): void {
    this.leaving.delete(one);
    one.state = 'closed';
    one.deadline = Number.POSITIVE_INFINITY;
    one.pending = 0;
    for (const loan of one.loans) loan.told = true;
    one.loans = [];
    this.pump();
  }

  close(): void {
    this.lifecycle = 'closed';
    for (const one of this.members) this.leave(one);
    for (const [one, until] of this.leaving) {
      this.leaving.set(one, Math.min(until, this.now + DRAIN_TIMEOUT));
      this.#recall(one);
    }
  }

  lose(one: ModelConnection): void {
    if (one.state !== 'connected') return;
    one.state = 'broken';
    one.pending = 0;
    for (const loan of one.loans) loan.told = loan.lost = true;
    if (this.members.includes(one)) this.#breakMember(one);
    this.#finish(one);
    this.pump();
  }

  #breakMember(one: ModelConnection): void {
    one.standing = 'broken';
    one.returns = Number.POSITIVE_INFINITY;
    this.#proven = true;
  }

  isUp(one: ModelConnection): boolean {
    return this.members.includes(one) && one.state === 'connected';
  }

  /** Whether it was a connected member, and so could be invalidated. */
  invalidate(one: ModelConnection): boolean {
    if (!this.isUp(one)) return false;
    this.shut(one);
    this.#breakMember(one);
    return true;
  }

  /** Whether it was a connected member, and so could be ejected. */
  eject(one: ModelConnection, duration: number): boolean {
    if (!this.isUp(one)) return false;
    one.standing = 'ejected';
    one.returns = this.now + duration;
    return true;
  }

  closeByOwner(one: ModelConnection): void {
    // A connection that the pool has closed is closed already.
    if (one.state === 'closed') return;
    // It counts as a failed dial only if the connection reports `broken`.
    if (one.state === 'connecting') this.#proven = this.#proven || one.failsWhenClosed;
    this.members = this.members.filter((member) => member !== one);
    this.queued.delete(one);
    one.returns = Number.POSITIVE_INFINITY;
    this.shut(one);
  }

  reply(one: ModelConnection): void {
    one.pending--;
    this.#finish(one);
  }

  giveBack(one: ModelConnection, loan: ModelLoan): void {
    one.loans = one.loans.filter((other) => other !== loan);
    this.#finish(one);
  }

  redialAll(): void {
    for (const member of this.members) {
      if (member.state === 'connected') {
        this.shut(member);
        member.returns = Number.POSITIVE_INFINITY;
      }
      this.dial(member);
    }
  }

  /** Whether the changes were valid. */
  reconfigure(changes: Partial<Sizes>): boolean {
    const { minSize = this.minSize, maxSize = this.maxSize, maxPending = this.maxPending } = changes;
    const { poolSize = Math.min(Math.max(this.poolSize, minSize), maxSize) } = changes;
    if (minSize > maxSize || poolSize < minSize || poolSize > maxSize) return false;
    const isLarger = poolSize > this.poolSize;
    Object.assign(this, { poolSize, minSize, maxSize, maxPending });
    if (isLarger && this.lifecycle === 'open') this.extendBySize(poolSize - this.members.length);
    const surplus = this.#chooseLeavers(this.members.length - poolSize, true);
    for (const one of surplus) this.leave(one, Number.POSITIVE_INFINITY);
    this.pump();
    return true;
  }

  /** Times at which something is due. */
  deadlines(): number[] {
    return [...this.leaving.values(), ...this.members.flatMap(({ deadline, returns }) => [deadline, returns])];
  }

  /** Applies what is due now. */
  expire(): void {
    for (const [one, deadline] of this.leaving) if (deadline <= this.now) this.shut(one);
    for (const member of this.members) {
      if (member.returns <= this.now) {
        member.standing = 'connected';
        member.returns = Number.POSITIVE_INFINITY;
      }
      if (member.deadline > this.now) continue;
      member.deadline = Number.POSITIVE_INFINITY;
      member.state = 'closed';
      this.#breakMember(member);
    }
  }

  #finish(one: ModelConnection): void {
    if (this.leaving.has(one) && (one.load === 0 || one.state !== 'connected')) this.shut(one);
  }
}
