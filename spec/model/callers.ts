import { Observable } from 'rxjs';
import type { ConnectionPool, Lease } from 'rxpool';
import type { TestConnection } from '../support/connections.js';
import type { Asking, CallerAction } from './actions.js';

/** A call of use(), lease(), tryLease() or withConnection(), and its outcome. */
interface Caller {
  readonly name: string;
  readonly controller: AbortController;
  /** Number of connections it got, and number of times it has settled. */
  served: number;
  answered: number;
  finish(): void;
  unsubscribe(): void;
  lease?: Lease<TestConnection>;
}

const nothing = (): void => {};

/** The callers of a pool. Each must settle exactly once. */
export class Callers {
  readonly all: Caller[] = [];
  /** Violations seen so far. */
  readonly violations: string[] = [];

  constructor(readonly pool: ConnectionPool<TestConnection>) {}

  ask({ type, waitTimeout, timeout }: Asking): void {
    const { pool } = this;
    const caller = this.#add(type);
    const { signal } = caller.controller;
    const options = { waitTimeout, timeout, signal };
    const done = (): void => this.#answered(caller);
    const failed = (error: unknown): void => this.#rejected(caller, error);
    if (type === 'use') pool.use(() => this.#work(caller), options).then(done, failed);
    else if (type === 'lease') {
      pool.lease({ waitTimeout, signal }).then((lease) => {
        done();
        this.#serve(caller, () => lease.release());
        caller.lease = lease;
      }, failed);
    } else {
      const flow$ = pool.withConnection(() => this.#flow(caller), options);
      const subscription = flow$.subscribe({ error: failed, complete: done });
      caller.unsubscribe = () => {
        if (!subscription.closed) done();
        subscription.unsubscribe();
      };
    }
  }

  tryLease(): void {
    const lease = this.pool.tryLease();
    if (!lease) return;
    const caller = this.#add('tryLease');
    this.#answered(caller);
    this.#serve(caller, () => lease.release());
    caller.lease = lease;
  }

  perform({ type, which }: CallerAction): void {
    const caller = this.all[which % Math.max(1, this.all.length)];
    if (!caller) return;
    if (type === 'finish') caller.finish();
    else if (type === 'unsubscribe') caller.unsubscribe();
    else if (type === 'abort') caller.controller.abort(new Error('aborted by the caller'));
    else caller.lease?.invalidate(new Error('of no use'));
  }

  /** Callers that have neither a connection nor an answer. */
  get unanswered(): string[] {
    return this.all.filter(({ served, answered }) => served + answered === 0).map(({ name }) => name);
  }

  /** All violations, with the callers that did not settle exactly once. */
  get allViolations(): string[] {
    return [...this.violations, ...this.all.filter(({ answered }) => answered !== 1).map(({ name }) => name)];
  }

  #add(type: string): Caller {
    const caller: Caller = {
      name: `${type} ${this.all.length + 1}`,
      controller: new AbortController(),
      served: 0,
      answered: 0,
      finish: nothing,
      unsubscribe: nothing,
    };
    this.all.push(caller);
    return caller;
  }

  #work(caller: Caller): Promise<void> {
    return new Promise((finish) => this.#serve(caller, finish));
  }

  #flow(caller: Caller): Observable<never> {
    return new Observable((subscriber) => this.#serve(caller, () => subscriber.complete()));
  }

  #serve(caller: Caller, finish: () => void): void {
    caller.served++;
    caller.finish = finish;
    if (caller.served > 1) this.violations.push(`${caller.name} was served twice`);
  }

  #answered(caller: Caller): void {
    caller.answered++;
  }

  #rejected(caller: Caller, error: unknown): void {
    this.#answered(caller);
    const isUnsent = (error as { readonly sent?: string }).sent === 'never';
    if (isUnsent && caller.served > 0)
      this.violations.push(`${caller.name} got a connection and an error with sent: never`);
  }
}
