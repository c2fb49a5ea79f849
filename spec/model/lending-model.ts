import type { DialScript } from 'rxpool/testing';
import { type ModelConnection, type ModelLoan, PoolModel, type Sizes } from './pool-model.js';

export type Kind = 'use' | 'lease' | 'flow';

/** Limits of a caller, in milliseconds. */
export interface CallerLimits {
  readonly waitTimeout: number;
  readonly timeout: number;
}

/** A call that waits or holds a connection. */
export interface ModelCaller extends ModelLoan {
  readonly id: number;
  readonly kind: Kind;
  /** Time at which waiting ends. */
  waitsUntil: number;
  /** Time at which it times out, whether waiting or working. */
  answerBy: number;
  /** The connection it holds. */
  on: ModelConnection | undefined;
  /** Whether it has settled. */
  answered: boolean;
}

/** Sizes, and limits for callers. */
export interface Lending extends Sizes {
  readonly maxWaiting: number;
  readonly failFast: boolean;
}

/** Gives the connection that the pool picked for a caller; the model cannot predict it among equals. */
export type Choice = (caller: ModelCaller) => string | undefined;

/** Model of a pool that lends. Waiters are an array. */
export class LendingModel extends PoolModel {
  queue: ModelCaller[] = [];
  /** Callers that hold a connection, whether or not the pool still counts it. */
  holders: ModelCaller[] = [];
  suspended = false;
  maxWaiting: number;
  failFast: boolean;
  /** Outcomes of callers, by kind. */
  answers: string[] = [];
  #callers = 0;

  constructor(lending: Lending, script: DialScript) {
    super(lending, script);
    this.maxWaiting = lending.maxWaiting;
    this.failFast = lending.failFast;
  }

  /** Code of the error that a pick would throw now. */
  get unavailable(): string | undefined {
    if (this.lifecycle === 'closed') return 'ERR_POOL_CLOSED';
    if (this.suspended) return 'ERR_POOL_SUSPENDED';
    if (this.members.length === 0) return 'ERR_POOL_EMPTY';
    if (this.connected.length === 0) return 'ERR_POOL_NOT_CONNECTED';
    return this.candidates.length === 0 ? 'ERR_POOL_EXHAUSTED' : undefined;
  }

  /** Whether a call now gets a connection at once; it may not overtake waiters. */
  get isLending(): boolean {
    return !this.suspended && this.queue.length === 0 && this.candidates.length > 0;
  }

  /** Code of the error for a call that would have to wait but may not. */
  get #refusal(): string | undefined {
    if (this.lifecycle === 'closed') return 'ERR_POOL_CLOSED';
    if (this.#isHopeless) return 'ERR_POOL_NOT_CONNECTED';
    if (this.queue.length < this.maxWaiting) return undefined;
    // A free connection is for the waiters.
    return this.maxWaiting === 0 ? (this.unavailable ?? 'ERR_POOL_EXHAUSTED') : 'ERR_WAIT_QUEUE_FULL';
  }

  get #refusalOfFirst(): string {
    if (this.suspended) return 'ERR_POOL_SUSPENDED';
    return this.members.length === 0 ? 'ERR_POOL_EMPTY' : 'ERR_POOL_NOT_CONNECTED';
  }

  get #isHopeless(): boolean {
    return this.failFast && this.members.length > 0 && this.broken.length === this.members.length;
  }

  caller(kind: Kind, { waitTimeout, timeout }: CallerLimits): ModelCaller {
    return {
      id: ++this.#callers,
      kind,
      isLease: kind === 'lease',
      told: false,
      lost: false,
      waitsUntil: this.now + waitTimeout,
      answerBy: this.now + timeout,
      on: undefined,
      answered: false,
    };
  }

  ask(caller: ModelCaller): void {
    // The first use opens the pool, and waits for the first dial where it may wait.
    if (this.lifecycle === 'new') {
      this.setup();
      if (this.maxWaiting > 0) this.queue.push(caller);
      else this.answer(caller, this.#refusalOfFirst);
      return;
    }
    const refusal = this.isLending ? undefined : this.#refusal;
    if (refusal) this.answer(caller, refusal);
    else this.queue.push(caller);
  }

  answer(caller: ModelCaller, outcome: string): void {
    if (caller.answered) return;
    caller.answered = true;
    this.queue = this.queue.filter((other) => other !== caller);
    this.answers.push(`${caller.kind} ${outcome}: ${caller.id}`);
  }

  /** Serves waiters in order, each with a least loaded connection, while there is one. */
  serve(choice: Choice): void {
    if (this.#isHopeless || this.lifecycle === 'closed') this.#refuseAll();
    while (!this.suspended && this.queue.length > 0 && this.candidates.length > 0) {
      const [caller] = this.queue.splice(0, 1);
      this.lend(caller!, this.#legal(choice(caller!)));
    }
    this.arrivals = 0;
  }

  #legal(name: string | undefined): ModelConnection {
    const { candidates, leastLoad } = this;
    // The order of connections that come up in the same turn is not specified.
    const legal = candidates.filter(({ load }) => this.arrivals > 0 || load === leastLoad);
    return legal.find((one) => one.name === name) ?? legal[0]!;
  }

  lend(caller: ModelCaller, on: ModelConnection): void {
    caller.on = on;
    // lease() settles now; the other calls settle when their work does.
    caller.answered = caller.isLease;
    caller.waitsUntil = Number.POSITIVE_INFINITY;
    if (caller.isLease) caller.answerBy = Number.POSITIVE_INFINITY;
    on.loans.push(caller);
    this.holders.push(caller);
    this.answers.push(`${caller.kind} on ${on.name}: ${caller.id}`);
  }

  /** Ends the work of the caller. */
  finish(caller: ModelCaller): void {
    if (!caller.isLease) this.answer(caller, 'done');
    this.#release(caller);
  }

  /** Settles the caller early. A stream releases its connection; other work keeps it until it ends. */
  giveUp(caller: ModelCaller, reason: string): void {
    if (caller.answered) return;
    this.answer(caller, reason);
    caller.told = true;
    if (caller.kind === 'flow') this.#release(caller);
  }

  #release(caller: ModelCaller): void {
    this.holders = this.holders.filter((other) => other !== caller);
    if (caller.on) this.giveBack(caller.on, caller);
  }

  #refuseAll(): void {
    const reason = this.#refusal!;
    for (const caller of this.queue) this.answer(caller, reason);
  }

  override closeByOwner(one: ModelConnection): void {
    if (one.state === 'connecting' && one.failsWhenClosed) {
      one.standing = 'broken';
      if (this.#isHopeless) this.#refuseAll();
    }
    super.closeByOwner(one);
  }

  get callers(): ModelCaller[] {
    return [...this.queue, ...this.holders].sort((a, b) => a.id - b.id);
  }

  override deadlines(): number[] {
    const callers = this.callers.filter(({ answered }) => !answered);
    return [...super.deadlines(), ...callers.flatMap(({ waitsUntil, answerBy }) => [waitsUntil, answerBy])];
  }

  override expire(): void {
    for (const caller of this.callers) {
      if (caller.answerBy <= this.now) this.giveUp(caller, 'ERR_USE_TIMEOUT');
      else if (caller.waitsUntil <= this.now) this.answer(caller, 'ERR_WAIT_TIMEOUT');
    }
    super.expire();
  }

  /** Advances the time, from deadline to deadline. */
  advance(milliseconds: number, choice: Choice): void {
    const end = this.now + milliseconds;
    for (let next = Math.min(...this.deadlines()); next <= end; next = Math.min(...this.deadlines())) {
      this.now = next;
      this.expire();
      this.serve(choice);
    }
    this.now = end;
  }
}
