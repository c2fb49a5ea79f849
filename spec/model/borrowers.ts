import { Observable } from 'rxjs';
import type { ConnectionPool, Lease } from 'rxpool';
import type { TestConnection } from '../support/connections.js';
import type { Asking, Move } from './acts.js';

/** Somebody who has asked, and what became of it. */
interface Borrower {
  readonly name: string;
  readonly controller: AbortController;
  /** How often it was served, and how often told the end. */
  served: number;
  answered: number;
  finish(): void;
  unsubscribe(): void;
  lease?: Lease<TestConnection>;
}

const nothing = (): void => {};

/** Those who ask a pool for connections, each of whom is to be answered once. */
export class Borrowers {
  readonly all: Borrower[] = [];
  /** What must not have happened. */
  readonly wrongs: string[] = [];

  constructor(readonly pool: ConnectionPool<TestConnection>) {}

  ask({ type, waitTimeout, timeout }: Asking): void {
    const { pool } = this;
    const borrower = this.#admit(type);
    const { signal } = borrower.controller;
    const options = { waitTimeout, timeout, signal };
    const done = (): void => this.#answered(borrower);
    const failed = (error: unknown): void => this.#refused(borrower, error);
    if (type === 'use') pool.use(() => this.#work(borrower), options).then(done, failed);
    else if (type === 'lease') {
      pool.lease({ waitTimeout, signal }).then((lease) => {
        done();
        this.#serve(borrower, () => lease.release());
        borrower.lease = lease;
      }, failed);
    } else {
      const flow$ = pool.withConnection(() => this.#flow(borrower), options);
      const subscription = flow$.subscribe({ error: failed, complete: done });
      borrower.unsubscribe = () => {
        if (!subscription.closed) done();
        subscription.unsubscribe();
      };
    }
  }

  tryLease(): void {
    const lease = this.pool.tryLease();
    if (!lease) return;
    const borrower = this.#admit('tryLease');
    this.#answered(borrower);
    this.#serve(borrower, () => lease.release());
    borrower.lease = lease;
  }

  move({ type, which }: Move): void {
    const borrower = this.all[which % Math.max(1, this.all.length)];
    if (!borrower) return;
    if (type === 'finish') borrower.finish();
    else if (type === 'unsubscribe') borrower.unsubscribe();
    else if (type === 'giveUp') borrower.controller.abort(new Error('given up'));
    else borrower.lease?.invalidate(new Error('of no use'));
  }

  /** Those who wait for something other than the end of their own work. */
  get unanswered(): string[] {
    return this.all.filter(({ served, answered }) => served + answered === 0).map(({ name }) => name);
  }

  /** Who was not answered once. */
  get wrongly(): string[] {
    return [...this.wrongs, ...this.all.filter(({ answered }) => answered !== 1).map(({ name }) => name)];
  }

  #admit(type: string): Borrower {
    const borrower: Borrower = {
      name: `${type} ${this.all.length + 1}`,
      controller: new AbortController(),
      served: 0,
      answered: 0,
      finish: nothing,
      unsubscribe: nothing,
    };
    this.all.push(borrower);
    return borrower;
  }

  #work(borrower: Borrower): Promise<void> {
    return new Promise((finish) => this.#serve(borrower, finish));
  }

  #flow(borrower: Borrower): Observable<never> {
    return new Observable((subscriber) => this.#serve(borrower, () => subscriber.complete()));
  }

  #serve(borrower: Borrower, finish: () => void): void {
    borrower.served++;
    borrower.finish = finish;
    if (borrower.served > 1) this.wrongs.push(`${borrower.name} was served twice`);
  }

  #answered(borrower: Borrower): void {
    borrower.answered++;
  }

  #refused(borrower: Borrower, error: unknown): void {
    this.#answered(borrower);
    const isUnsent = (error as { readonly sent?: string }).sent === 'never';
    if (isUnsent && borrower.served > 0) this.wrongs.push(`${borrower.name} was served and told that it was not`);
  }
}
