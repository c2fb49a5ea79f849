import type { ConnectionState, HealthStatus } from 'rxpool';
import type { DialScript } from 'rxpool/testing';

/** Milliseconds that the pool under test is made with. */
export const CONNECT_TIMEOUT = 5_000;
export const DRAIN_TIMEOUT = 1_000;

type Standing = 'idle' | 'connecting' | 'connected' | 'broken';

/** A connection as one would keep it on paper. */
export class ModelConnection {
  state: ConnectionState = 'idle';
  standing: Standing = 'idle';
  pending = 0;
  borrowed = 0;
  /** Borrowings of before the last closing are over. */
  tenure = 0;
  /** When its dial is given up. */
  deadline = Number.POSITIVE_INFINITY;

  constructor(
    readonly name: string,
    public script: DialScript,
    /** Says that it is broken when it is closed while it is dialled. */
    readonly failsWhenClosed: boolean,
  ) {}

  get load(): number {
    return Math.max(this.pending, this.borrowed);
  }
}

/** A pool as one would keep it on paper: the contract in the simplest words, and slowly. */
export class PoolModel {
  lifecycle: 'new' | 'open' | 'closed' = 'new';
  now = 0;
  members: ModelConnection[] = [];
  /** Who is on the way out and may finish until when. */
  readonly leaving = new Map<ModelConnection, number>();
  readonly made: ModelConnection[] = [];
  #proven = false;

  constructor(
    public poolSize: number,
    public script: DialScript,
    readonly maxPending: number,
  ) {}

  get connected(): ModelConnection[] {
    return this.members.filter(({ standing }) => standing === 'connected');
  }

  get broken(): ModelConnection[] {
    return this.members.filter(({ standing }) => standing === 'broken');
  }

  get pending(): number {
    return this.members.reduce((sum, { load }) => sum + load, 0);
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

  /** What a pick is answered with where nobody can be picked. */
  get refusal(): string | undefined {
    if (this.lifecycle === 'closed') return 'ERR_POOL_CLOSED';
    if (this.members.length === 0) return 'ERR_POOL_EMPTY';
    if (this.connected.length === 0) return 'ERR_POOL_NOT_CONNECTED';
    return this.leastLoad >= this.maxPending ? 'ERR_POOL_EXHAUSTED' : undefined;
  }

  get leastLoad(): number {
    return Math.min(...this.connected.map(({ load }) => load));
  }

  make(): ModelConnection {
    const number = this.made.length + 1;
    const made = new ModelConnection(`#${number}`, this.script, number % 2 === 1);
    this.made.push(made);
    return made;
  }

  setup(): void {
    const missing = Math.max(0, this.poolSize - this.members.length);
    this.join(Array.from({ length: missing }, () => this.make()));
    for (const member of this.members) this.dial(member);
  }

  extendBySize(size: number): void {
    const newcomers = Array.from({ length: size }, () => this.make());
    this.join(newcomers);
    for (const newcomer of newcomers) this.dial(newcomer);
  }

  extendByConnections(given: readonly ModelConnection[]): void {
    const newcomers = [...new Set(given)].filter((one) => !this.members.includes(one));
    this.join(newcomers);
    for (const newcomer of newcomers) this.dial(newcomer);
  }

  join(newcomers: readonly ModelConnection[]): void {
    if (this.lifecycle !== 'open') this.#proven = false;
    this.lifecycle = 'open';
    for (const one of newcomers) {
      this.leaving.delete(one);
      one.standing = one.state === 'closed' ? 'idle' : one.state;
      if (one.standing === 'connected') this.#proven = true;
      this.members.push(one);
    }
    this.poolSize = Math.max(this.poolSize, this.members.length);
  }

  dial(one: ModelConnection): void {
    if (one.state === 'connected' || one.state === 'connecting') return;
    one.state = one.standing = 'connecting';
    one.deadline = this.now + CONNECT_TIMEOUT;
    if (one.script !== 'wait') this.settleDial(one, one.script === 'accept');
  }

  settleDial(one: ModelConnection, accepted: boolean): void {
    if (one.state !== 'connecting') return;
    one.deadline = Number.POSITIVE_INFINITY;
    one.state = one.standing = accepted ? 'connected' : 'broken';
    this.#proven = true;
  }

  reduce(amount: number, busyToo: boolean): number {
    if (amount <= 0) return 0;
    const target = Math.max(0, this.poolSize - amount);
    const excess = Math.max(0, this.members.length - target);
    const latestFirst = [...this.members].reverse();
    const isBusy = (one: ModelConnection): boolean => one.standing === 'connected' && one.load > 0;
    const kinds: readonly Standing[] = ['broken', 'idle', 'connecting', 'connected'];
    const useless = kinds.flatMap((kind) => latestFirst.filter((one) => one.standing === kind && !isBusy(one)));
    const busy = latestFirst.filter(isBusy).sort((a, b) => a.load - b.load);
    const leavers = [...useless, ...(busyToo ? busy : [])].slice(0, excess);
    for (const one of leavers) this.leave(one);
    this.poolSize = Math.max(target, this.members.length);
    return leavers.length;
  }

  leave(one: ModelConnection): void {
    this.members = this.members.filter((member) => member !== one);
    if (one.state === 'connected' && one.load > 0) this.leaving.set(one, this.now + DRAIN_TIMEOUT);
    else this.shut(one);
  }

  /** It is closed, and all that it carried and all that was borrowed of it is over. */
  shut(one: ModelConnection): void {
    this.leaving.delete(one);
    one.state = 'closed';
    one.pending = one.borrowed = 0;
    one.tenure++;
    one.deadline = Number.POSITIVE_INFINITY;
  }

  close(): void {
    this.lifecycle = 'closed';
    for (const one of this.members) this.leave(one);
  }

  lose(one: ModelConnection): void {
    if (one.state !== 'connected') return;
    one.state = 'broken';
    one.pending = 0;
    if (this.members.includes(one)) {
      one.standing = 'broken';
      this.#proven = true;
    }
    this.#finish(one);
  }

  closeByOwner(one: ModelConnection): void {
    // What the pool itself has closed cannot be closed again.
    if (one.state === 'closed') return;
    // Whether that is a dial that failed depends on what it says on its way.
    if (one.state === 'connecting') this.#proven = this.#proven || one.failsWhenClosed;
    this.members = this.members.filter((member) => member !== one);
    this.shut(one);
  }

  reply(one: ModelConnection): void {
    one.pending--;
    this.#finish(one);
  }

  giveBack(one: ModelConnection, tenure: number): void {
    if (one.tenure !== tenure) return;
    one.borrowed--;
    this.#finish(one);
  }

  redialAll(): void {
    for (const member of this.members) {
      if (member.state === 'connected') {
        member.state = 'closed';
        member.pending = 0;
      }
      this.dial(member);
    }
  }

  advance(milliseconds: number): void {
    this.now += milliseconds;
    for (const [one, deadline] of this.leaving) if (deadline <= this.now) this.shut(one);
    for (const member of this.members) {
      if (member.deadline > this.now) continue;
      member.deadline = Number.POSITIVE_INFINITY;
      member.state = 'closed';
      member.standing = 'broken';
      this.#proven = true;
    }
  }

  #finish(one: ModelConnection): void {
    if (this.leaving.has(one) && (one.load === 0 || one.state !== 'connected')) this.shut(one);
  }
}
